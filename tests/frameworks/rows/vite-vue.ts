import type { Framework } from '../framework.js';

export const viteVue: Framework = {
  name: 'vite-vue',
  title: 'Vite + Vue',
  packages: ['vite', 'vue'],
  scaffold: [
    'npm create vite@9 vite-vue -- --template vue-ts --no-interactive',
    'cd vite-vue && npm install',
  ],
  start: ({ app }) => `npm run dev -- --port ${app} --strictPort`,
  shows: 'Get started',
  counter: 'button.counter',
  edits: [
    {
      what: 'template',
      file: 'src/components/HelloWorld.vue',
      from: 'Get started',
      to: 'Get edited',
    },
  ],
};
