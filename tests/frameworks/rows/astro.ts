import type { Framework } from '../framework.js';

// The minimal template is on GitHub, not in the registry: these are its files, with an island.
const FILES = {
  'package.json': JSON.stringify({
    name: 'astro-app',
    type: 'module',
    private: true,
    scripts: { dev: 'astro dev' },
    dependencies: { astro: '^5.18.0', '@astrojs/preact': '^4.1.0', preact: '^10.27.0' },
  }),
  'astro.config.mjs': `import preact from '@astrojs/preact';
import { defineConfig } from 'astro/config';

export default defineConfig({ integrations: [preact()] });
`,
  'tsconfig.json': JSON.stringify({
    extends: 'astro/tsconfigs/strict',
    include: ['.astro/types.d.ts', '**/*'],
    compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'preact' },
  }),
  'src/components/Counter.tsx': `import { useState } from 'preact/hooks';

export function Counter() {
  const [count, setCount] = useState(0);
  return (
    <section>
      <p>an island of Preact</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
    </section>
  );
}
`,
  'src/pages/index.astro': `---
import { Counter } from '../components/Counter';
---

<html lang="en">
  <head><meta charset="utf-8" /><title>Astro</title></head>
  <body>
    <h1>Astro</h1>
    <p>a page of its own</p>
    <Counter client:load />
  </body>
</html>
`,
};

export const astro: Framework = {
  name: 'astro',
  title: 'Astro',
  packages: ['astro', 'vite'],
  scaffold: [FILES, 'cd astro && npm install'],
  start: ({ app }) => `npm run dev -- --port ${app}`,
  shows: 'a page of its own',
  counter: '#counter',
  edits: [
    { what: 'island', file: 'src/components/Counter.tsx', from: 'an island', to: 'an islet' },
    { what: 'page', file: 'src/pages/index.astro', from: 'of its own', to: 'of ours' },
  ],
  notes: [
    'the last major version for Node 20',
    'files of the minimal template, which is on GitHub',
  ],
};
