import type { Framework } from '../framework.js';

const FILES = {
  'package.json': JSON.stringify({ private: true }),
  'index.md': `---
layout: page.njk
title: Eleventy
---

# a page of Markdown

<details><summary>open me</summary>the state that an update keeps</details>
`,
  'about.md': `---
layout: page.njk
title: About
---

# another page
`,
  '_includes/page.njk': `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>{{ title }}</title><link rel="icon" href="data:," /></head>
  <body>
    <nav>{% for page in collections.all %}<a href="{{ page.url }}">{{ page.data.title }}</a> {% endfor %}</nav>
    {{ content | safe }}
    <footer>a layout</footer>
  </body>
</html>
`,
};

export const eleventy: Framework = {
  name: 'eleventy',
  title: 'Eleventy',
  packages: ['@11ty/eleventy', '@11ty/eleventy-dev-server'],
  scaffold: [FILES, 'cd eleventy && npm install @11ty/eleventy@3.1.8'],
  start: ({ app }) => `rm -rf _site && npx @11ty/eleventy --serve --port=${app}`,
  shows: 'a page of Markdown',
  edits: [
    { what: 'page', file: 'index.md', from: 'of Markdown', to: 'of markup' },
    { what: 'layout', file: '_includes/page.njk', from: 'a layout', to: 'a new layout' },
  ],
  checks: [
    {
      what: 'another page',
      run: async (visit) => {
        await visit.press('nav a[href="/about/"]');
        await visit.shows('another page');
      },
    },
  ],
};
