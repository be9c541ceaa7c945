import type { Framework } from '../framework.js';

const FILES = {
  // Parcel looks here for the kind of JSX.
  'package.json': JSON.stringify({
    private: true,
    dependencies: { parcel: '2.16.4', react: '^19.3.0', 'react-dom': '^19.3.0' },
  }),
  'index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" /><title>Parcel</title><link rel="icon" href="data:," />
    <link rel="stylesheet" href="style.css" />
  </head>
  <body><main></main><script type="module" src="index.jsx"></script></body>
</html>
`,
  'style.css': `h1::after { content: ' in a style'; }\n`,
  'index.jsx': `import { createRoot } from 'react-dom/client';
import { App } from './app.jsx';

createRoot(document.querySelector('main')).render(<App />);
`,
  'app.jsx': `import { useState } from 'react';

export function App() {
  const [count, setCount] = useState(0);
  return (
    <>
      <h1>Parcel</h1>
      <p>as it was made</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
    </>
  );
}
`,
};

export const parcel: Framework = {
  name: 'parcel',
  title: 'Parcel + React',
  packages: ['parcel', 'react'],
  scaffold: [FILES, 'cd parcel && npm install'],
  start: ({ app }) => `rm -rf .parcel-cache dist && npx parcel serve index.html --port ${app}`,
  shows: 'as it was made',
  counter: '#counter',
  edits: [{ what: 'component', file: 'app.jsx', from: 'as it was made', to: 'as it was edited' }],
};
