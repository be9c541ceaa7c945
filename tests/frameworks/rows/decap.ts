import { randomUUID } from 'node:crypto';
import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SITE = `const express = require('express');

const app = express();
app.use('/cms', express.static('node_modules/decap-cms/dist'));
app.get('/config.yml', (request, response) => {
  response.type('text/yaml').send(\`
backend: { name: proxy, proxy_url: 'http://localhost:\${process.env.PROXY_PORT}/api/v1', branch: main }
media_folder: data/media
public_folder: /media
collections:
  - name: posts
    label: Posts
    label_singular: Post
    folder: data/posts
    create: true
    fields:
      - { label: Title, name: title, widget: string }
      - { label: Text, name: body, widget: text }
\`);
});
app.get('/', (request, response) => response.sendFile(__dirname + '/admin.html'));
app.listen(Number(process.env.APP_PORT));
`;

const ADMIN = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Admin</title><link rel="icon" href="data:," /></head>
  <body><script src="/cms/decap-cms.js"></script></body>
</html>
`;

const NEW = 'a[href="#/collections/posts/new"]';

async function logIn(visit: Visit): Promise<void> {
  await visit.pressText('Login');
  await visit.has(NEW);
}

async function create(visit: Visit): Promise<void> {
  await visit.press(NEW);
  await visit.fill('input[id^=title]', 'A first post');
  await visit.fill('textarea[id^=body]', 'Written by hand');
  await visit.pressText('Publish');
  await visit.pressText('Publish now');
  await visit.shows('Delete entry');
}

/** Asked by `confirm()`, which stops the page until it is answered. */
async function remove(visit: Visit): Promise<void> {
  visit.tab.acceptQuestion();
  await visit.pressText('Delete entry');
  await visit.shows('No Entries');
}

async function upload(visit: Visit): Promise<void> {
  const name = `${randomUUID()}.txt`;
  await visit.pressText('Media');
  await visit.attach('input[type=file]', name, 'a file of the library');
  await visit.shows(name);
}

export const decap: Framework = {
  name: 'decap',
  title: 'Decap CMS',
  packages: ['decap-cms', 'decap-server'],
  scaffold: [
    {
      'package.json': JSON.stringify({ private: true }),
      'site.js': SITE,
      'admin.html': ADMIN,
    },
    'cd decap && npm install --legacy-peer-deps --ignore-scripts decap-cms@3.16.3 decap-server@3.11.3 express@4',
  ],
  start: ({ app, api }) =>
    `rm -rf data && mkdir -p data/posts data/media && ` +
    `(PORT=${api} npx decap-server & APP_PORT=${app} PROXY_PORT=${api} node site.js)`,
  shareArgs: ({ api }) => ['--also', String(api)],
  framesHttp: true,
  needsTunnel: 'its server is on another port',
  shows: 'Login',
  edits: [],
  checks: [
    { what: 'login', run: logIn },
    { what: 'a post', run: create },
    { what: 'deletion', run: remove },
    { what: 'upload', run: upload },
  ],
  notes: ['shared with --also'],
};
