import { eventually } from '../../support/program.js';
import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SERVER = `const express = require('express');
const { FileStore } = require('@tus/file-store');
const { Server } = require('@tus/server');
const { createHash } = require('node:crypto');
const { createReadStream } = require('node:fs');

const tus = new Server({ path: '/files', datastore: new FileStore({ directory: 'files' }) });
const app = express();
app.use('/tus', express.static('node_modules/tus-js-client/dist'));
app.get('/', (request, response) => response.sendFile(__dirname + '/index.html'));
app.get('/digest/:id', async (request, response) => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream('files/' + request.params.id)) hash.update(chunk);
  response.send(hash.digest('hex'));
});
app.use((request, response) => tus.handle(request, response));
app.listen(Number(process.env.PORT));
`;

const PAGE = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Uploads</title><link rel="icon" href="data:," /></head>
  <body>
    <h1>Uploads that can be resumed</h1>
    <progress value="0" max="1"></progress>
    <ul></ul>
    <script src="/tus/tus.min.js"></script>
    <script>
      const say = (text) => {
        const line = document.createElement('li');
        line.textContent = text;
        document.querySelector('ul').append(line);
      };
      const bytes = new Uint8Array(12 * 1024 * 1024).map((_, n) => (n * n) >> 3);
      const file = new File([bytes], 'größe.bin', { type: 'application/x-try', lastModified: 1 });
      let upload;
      const make = (onProgress) => new tus.Upload(file, {
        endpoint: '/files/',
        chunkSize: 4 * 1024 * 1024,
        metadata: { filename: file.name, filetype: file.type },
        removeFingerprintOnSuccess: true,
        onProgress(sent, total) {
          document.querySelector('progress').value = sent / total;
          onProgress?.(sent);
        },
        onError: (error) => say('failed: ' + error.message),
        onSuccess: async () => {
          const id = upload.url.split('/').at(-1);
          say('stored ' + await (await fetch('/digest/' + id)).text());
        },
      });
      window.interrupt = () => {
        let isOver = false;
        upload = make(async (sent) => {
          if (isOver || sent < 5 * 1024 * 1024) return;
          isOver = true;
          await upload.abort();
          say('interrupted');
        });
        upload.start();
      };
      window.resume = async () => {
        const reports = [];
        upload = make((sent) => reports.push(sent));
        const [before] = await upload.findPreviousUploads();
        upload.resumeFromPreviousUpload(before);
        upload.options.onUploadUrlAvailable = () => say('resumed ' + (before.uploadUrl === upload.url));
        upload.start();
        window.reports = reports;
      };
      window.remove = async () => {
        const { url } = upload;
        await upload.abort(true);
        const answer = await fetch(url, { method: 'HEAD', headers: { 'tus-resumable': '1.0.0' } });
        say('removed, then ' + answer.status);
      };
    </script>
  </body>
</html>
`;

/** Calls a function of the page, once its scripts have run. */
async function call(visit: Visit, name: string): Promise<void> {
  const isThere = (wanted: string): boolean => wanted in window;
  await eventually('the page’s scripts', () => visit.root.evaluate(isThere, name), 90_000);
  await visit.root.evaluate((wanted) => {
    (window as unknown as Record<string, () => void>)[wanted]?.();
  }, name);
}

async function interrupt(visit: Visit): Promise<void> {
  await call(visit, 'interrupt');
  await visit.shows('interrupted');
}

/** After a reload, as a person does whose upload stood still: it goes on behind what has arrived. */
async function resume(visit: Visit): Promise<unknown> {
  await visit.root.evaluate(() => {
    location.reload();
  });
  await visit.lacks('interrupted');
  await call(visit, 'resume');
  await visit.shows('stored ');
  return visit.root.evaluate(() => {
    const { reports } = window as unknown as { reports: number[] };
    const all = 12 * 1024 * 1024;
    return {
      lines: [...document.querySelectorAll('li')].map((line) => line.textContent),
      bar: document.querySelector('progress')?.value,
      beginsBehindZero: (reports[0] ?? 0) >= 4 * 1024 * 1024,
      onlyRises: reports.every((sent, n) => sent >= (reports[n - 1] ?? 0)),
      isWhole: reports.at(-1) === all,
    };
  });
}

async function remove(visit: Visit): Promise<void> {
  await call(visit, 'remove');
  await visit.shows('removed, then 404');
}

export const tus: Framework = {
  name: 'tus',
  title: 'tus (resumable uploads)',
  packages: ['@tus/server', 'tus-js-client'],
  scaffold: [
    {
      'package.json': JSON.stringify({ private: true }),
      'server.js': SERVER,
      'index.html': PAGE,
    },
    'cd tus && npm install @tus/server@2.4.5 @tus/file-store@2.1.1 tus-js-client@4.3.1 express@5.3.0',
  ],
  start: ({ app }) => `rm -rf files && PORT=${app} node server.js`,
  shows: 'Uploads that can be resumed',
  edits: [],
  checks: [
    { what: 'upload, interrupted', run: interrupt },
    { what: 'resumed after a reload, with progress', run: resume },
    { what: 'deletion', run: remove },
  ],
};
