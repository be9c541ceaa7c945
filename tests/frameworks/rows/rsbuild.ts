import type { Framework } from '../framework.js';

const FILES = {
  'package.json': JSON.stringify({ private: true, type: 'module' }),
  'rsbuild.config.js': `import { pluginReact } from '@rsbuild/plugin-react';

export default { plugins: [pluginReact()], html: { title: 'Rsbuild' } };
`,
  'src/index.jsx': `import { createRoot } from 'react-dom/client';
import { App } from './app.jsx';

createRoot(document.querySelector('#root')).render(<App />);
`,
  'src/app.jsx': `import { lazy, Suspense, useState } from 'react';

const Later = lazy(() => import('./later.jsx'));

export function App() {
  const [count, setCount] = useState(0);
  return (
    <>
      <h1>Rsbuild</h1>
      <p>as it was made</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
      <Suspense><Later /></Suspense>
    </>
  );
}
`,
  'src/later.jsx': `export default function Later() {
  return <p>a chunk of its own</p>;
}
`,
};

export const rsbuild: Framework = {
  name: 'rsbuild',
  title: 'Rsbuild + React (Rspack)',
  packages: ['@rsbuild/core', '@rspack/core', 'react'],
  scaffold: [
    FILES,
    'cd rsbuild && npm install @rsbuild/core@2.3.2 @rsbuild/plugin-react@2 react@19 react-dom@19',
  ],
  start: ({ app }) => `npx rsbuild dev --port ${app}`,
  shows: 'a chunk of its own',
  counter: '#counter',
  edits: [
    { what: 'component', file: 'src/app.jsx', from: 'as it was made', to: 'as it was edited' },
    { what: 'lazy chunk', file: 'src/later.jsx', from: 'of its own', to: 'of ours' },
  ],
};
