import type { Framework } from '../framework.js';

export const viteReact: Framework = {
  name: 'vite-react',
  title: 'Vite + React',
  packages: ['vite', 'react'],
  scaffold: [
    'npm create vite@9 vite-react -- --template react-ts --no-interactive',
    'cd vite-react && npm install',
  ],
  start: ({ app }) => `npm run dev -- --port ${app} --strictPort`,
  shows: 'Get started',
  counter: 'button.counter',
  edits: [{ what: 'component', file: 'src/App.tsx', from: 'Get started', to: 'Get edited' }],
};
