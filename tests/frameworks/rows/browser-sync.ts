import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const FILES = {
  'package.json': JSON.stringify({ private: true }),
  'site/index.html': `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" /><title>BrowserSync</title><link rel="icon" href="data:," />
    <link rel="stylesheet" href="style.css" />
  </head>
  <body>
    <h1>as it was made</h1>
    <form><input name="word" /></form>
    <output></output>
    <script>
      // What a style says, as text that can be looked for.
      const style = getComputedStyle(document.documentElement);
      const field = document.querySelector('input');
      setInterval(() => {
        field.className = field.value === 'typed in the first tab' ? 'typed' : '';
        document.querySelector('output').textContent = style.getPropertyValue('--says');
      }, 100);
    </script>
  </body>
</html>
`,
  'site/style.css': `:root { --says: styled at first; }\n`,
};

/** What is typed in one tab shows in the other. */
async function mirror(visit: Visit): Promise<void> {
  const other = await visit.twin();
  try {
    await other.until('[name=word].typed', async () => {
      await visit.tab.toFront();
      await visit.fill('[name=word]', '');
      await visit.fill('[name=word]', 'typed in the first tab');
    });
  } finally {
    await other.close();
  }
}

export const browserSync: Framework = {
  name: 'browser-sync',
  title: 'BrowserSync',
  packages: ['browser-sync'],
  scaffold: [FILES, 'cd browser-sync && npm install browser-sync@3.0.4'],
  start: ({ app }) =>
    `npx browser-sync start --server site --files site --port ${app} --no-open --no-ui --no-notify`,
  shows: 'styled at first',
  edits: [
    { what: 'style', file: 'site/style.css', from: 'styled at first', to: 'styled anew' },
    { what: 'page', file: 'site/index.html', from: 'as it was made', to: 'as it was edited' },
  ],
  checks: [{ what: 'what is typed is mirrored in another tab', run: mirror }],
};
