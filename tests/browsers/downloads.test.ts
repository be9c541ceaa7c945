import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, statusWhere, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';

const DATA = Buffer.alloc(3 * 1024 * 1024, 'all of it, ');
const PAGE = page('<h1>a file, not a page</h1>');
const LINKS: Record<string, string> = {
  named: '<a download="named.bin" href="/data">',
  unnamed: '<a download href="/folder/list.csv?all">',
  'named twice': '<a download="link.txt" href="/attached">',
  'a page': '<a download="page.html" href="/page">',
  'a redirect': '<a download="moved.csv" href="/moved">',
  'a name of all kinds': '<a download="Übersicht (1) — \'neu\'.txt" href="/folder/list.csv">',
  'by its header': '<a href="/attached-page">',
};
const BY_SCRIPT: Record<string, () => void> = {
  'a blob': () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob(['made by the page'], { type: 'text/plain' }));
    link.download = 'made.txt';
    link.click();
  },
  'a link that is in no document': () => {
    const link = document.createElement('a');
    link.href = '/folder/list.csv';
    link.download = 'loose.csv';
    link.dispatchEvent(new MouseEvent('click', { cancelable: true }));
  },
  'the answer to a form': () => document.querySelector('form')?.submit(),
};

const attached = (body: string | Buffer, name: string, type: string): Route => {
  const headers = { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` };
  return (_, response) => send(response, body, headers);
};

const ROUTES: Record<string, Route> = {
  '/': (_, response) =>
    send(
      response,
      page(
        `<h1>files</h1><form method="post" action="/export"></form>
         ${Object.values(LINKS)
           .map((link) => `${link}file</a>`)
           .join(' ')}`,
      ),
    ),
  '/data': (_, response) => send(response, DATA, { 'content-type': 'application/octet-stream' }),
  '/folder/list.csv': (_, response) => send(response, 'a,b\n', { 'content-type': 'text/csv' }),
  '/attached': attached('its own name', 'header.txt', 'text/plain'),
  '/page': (_, response) => send(response, PAGE),
  '/attached-page': attached(PAGE, 'report.html', 'text/html'),
  '/moved': (_, response) => response.writeHead(302, { location: '/folder/list.csv' }).end(),
  '/export': attached(DATA, 'export.bin', 'application/octet-stream'),
};

let app: PageApp;
let share: Share;
const folder = mkdtempSync(join(tmpdir(), 'wingman-downloads-'));

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  // Whatever went past the tunnel would be refused.
  share = await Share.start(app.port, ['--no-ingress']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
  rmSync(folder, { recursive: true });
});

/** Firefox asks nobody where to. */
const PREFS = {
  'browser.download.folderList': 2,
  'browser.download.dir': folder,
  'browser.download.alwaysOpenPanel': false,
};

/** Name and content of the one file that is there, once it is complete. */
async function nextFile(): Promise<[name: string, content: string]> {
  return eventually('a file', () => {
    const names = readdirSync(folder);
    const [name] = names;
    if (name === undefined || names.length > 1 || /\.(?:crdownload|part)$/.test(name)) return false;
    const content = readFileSync(join(folder, name), 'latin1');
    if (content === '') return false;
    rmSync(join(folder, name));
    return [name, content];
  });
}

describe.each<BrowserName>(['chromium', 'firefox'])('files saved from the app in %s', (name) => {
  let browser: Browser;
  let local: Page;
  let shared: Page;
  beforeAll(async () => {
    browser = await launch(name, [], { prefs: PREFS });
    if (name === 'chromium') {
      const session = await browser.target().createCDPSession();
      const behavior = { behavior: 'allow', downloadPath: folder } as const;
      await session.send('Browser.setDownloadBehavior', behavior);
    }
    local = await browser.newPage();
    await local.goto(app.origin);
    shared = await browser.newPage();
    await shared.goto(share.ready.url);
    await appShows(shared, 'files');
    await statusWhere(shared, 'the direct path', ({ mode }) => mode === 'p2p');
  });
  afterAll(() => browser.close());

  const click = (index: number): void => document.querySelectorAll('a')[index]?.click();
  const cases = [
    ...Object.keys(LINKS).map((what, index) => [what, click, index] as const),
    ...Object.entries(BY_SCRIPT).map(([what, run]) => [what, run, 0] as const),
  ];
  test.each(cases)('%s: name and content are as on localhost', async (_, run, index) => {
    await local.bringToFront();
    await local.evaluate(run, index);
    const expected = await nextFile();
    await shared.bringToFront();
    await inApp(shared, run, index);
    const [file, content] = await nextFile();
    expect(file).toBe(expected[0]);
    expect(content === expected[1]).toBe(true);
    await appShows(shared, 'files');
  });

  test('forty files at once all arrive', async () => {
    await shared.bringToFront();
    await inApp(shared, () => {
      for (let index = 1; index <= 40; index += 1) {
        Object.assign(document.createElement('a'), {
          href: `/folder/list.csv?${index}`,
          download: `many-${index}.csv`,
        }).click();
      }
    });
    const wanted = Array.from({ length: 40 }, (_, index) => `many-${index + 1}.csv`).sort();
    await eventually('forty files', () => readdirSync(folder).sort().join() === wanted.join());
    await eventually('their contents', () =>
      wanted.every((file) => readFileSync(join(folder, file), 'latin1') === 'a,b\n'),
    );
    for (const file of wanted) rmSync(join(folder, file));
  });

  test('a tab that is opened for a file says so, and ends with it where the browser lets it', async () => {
    const tabs = (await browser.pages()).length;
    await shared.bringToFront();
    await inApp(shared, () => {
      const link = Object.assign(document.createElement('a'), {
        href: '/export',
        target: '_blank',
      });
      document.body.append(link);
      link.click();
    });
    const [file, content] = await nextFile();
    expect([file, content === DATA.toString('latin1')]).toEqual(['export.bin', true]);
    await eventually('no tab, or one that says so', async () => {
      const pages = await browser.pages();
      if (pages.length === tabs) return true;
      const text = await pages.at(-1)?.evaluate(() => document.body.innerText);
      return text?.includes('The file is here') === true;
    });
  });
});
