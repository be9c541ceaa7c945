import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { besideLocalhost, expectSame, type Sides } from '../support/beside-localhost.js';
import { page, send, type Route } from '../support/page-app.js';
import { PATH_NAMES, type PathName } from '../support/paths.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

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
  'by a header in UTF-8': '<a href="/attached-utf8">',
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
  // Node writes each character as a byte.
  '/attached-utf8': attached(
    PAGE,
    Buffer.from('Übersicht — 概要.txt').toString('latin1'),
    'text/plain',
  ),
  '/moved': (_, response) => response.writeHead(302, { location: '/folder/list.csv' }).end(),
  '/export': attached(DATA, 'export.bin', 'application/octet-stream'),
};

const folder = mkdtempSync(join(tmpdir(), 'wingman-downloads-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Firefox asks nobody where to. */
const PREFS = {
  'browser.download.folderList': 2,
  'browser.download.dir': folder,
  'browser.download.alwaysOpenPanel': false,
};

const digest = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Name and digest of the one file that is there, once it is complete. */
async function nextFile(): Promise<[name: string, digest: string]> {
  return eventually('a file', () => {
    const names = readdirSync(folder);
    const [name] = names;
    if (name === undefined || names.length > 1 || /\.(?:crdownload|part)$/.test(name)) return false;
    const content = readFileSync(join(folder, name));
    if (content.length === 0) return false;
    rmSync(join(folder, name));
    return [name, digest(content)];
  });
}

// Whatever went past the tunnel would be refused.
besideLocalhost({ routes: ROUTES, args: ['--ingress', 'off'], prefs: PREFS }, (stage) => {
  let sides: Sides;

  beforeAll(async () => {
    if (stage.name === 'chromium') {
      const session = await stage.browser.target().createCDPSession();
      const behavior = { behavior: 'allow', downloadPath: folder } as const;
      await session.send('Browser.setDownloadBehavior', behavior);
    }
    sides = await stage.newSides(PATH_NAMES);
    for (const side of sides) await side.open('/', 'files');
  });

  const click = (index: number): void => document.querySelectorAll('a')[index]?.click();
  const cases = [
    ...Object.keys(LINKS).map((what, index) => [what, click, index] as const),
    ...Object.entries(BY_SCRIPT).map(([what, run]) => [what, run, 0] as const),
  ];
  test.each(cases)('%s: name and content are as on localhost', async (_, run, index) => {
    await expectSame(sides, async (side) => {
      await side.ask(run, index);
      const file = await nextFile();
      await side.shows('files');
      return file;
    });
  });

  const inSession = async (path: PathName): Promise<Side> => {
    const side = sides.find((one) => one.path === path);
    if (side === undefined) throw new Error(`no side has ${path}`);
    await side.tab.bringToFront();
    return side;
  };

  test.each(PATH_NAMES)('forty files at once all arrive: %s', async (path) => {
    const side = await inSession(path);
    await side.ask(() => {
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

  test.each(PATH_NAMES)('a tab opened for a file says so, or ends with it: %s', async (path) => {
    const tabs = (await stage.browser.pages()).length;
    const side = await inSession(path);
    await side.ask(() => {
      const link = Object.assign(document.createElement('a'), {
        href: '/export',
        target: '_blank',
      });
      document.body.append(link);
      link.click();
    });
    expect(await nextFile()).toEqual(['export.bin', digest(DATA)]);
    await eventually('no tab, or one that says so', async () => {
      const pages = await stage.browser.pages();
      if (pages.length === tabs) return true;
      const text = await pages.at(-1)?.evaluate(() => document.body.innerText);
      return text?.includes('The file is here') === true;
    });
  });

  test('the files came by their path', async () => {
    for (const side of sides) await side.expectPath();
  });
});
