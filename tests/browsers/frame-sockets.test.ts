import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type Status } from '../support/browser.js';
import { expectPath, onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually, type Share } from '../support/processes.js';
import { startSocketApp, type SocketApp } from '../support/socket-app.js';

let app: SocketApp;
let shares: PathShares;

const TALK = `<!doctype html><script>
  const socket = new WebSocket(parent.location.origin.replace('http', 'ws') + '/echo?QUERY');
  socket.onopen = () => socket.send('hello');
  socket.onmessage = ({ data }) => parent.postMessage(data + ' ' + (socket instanceof WebSocket), '*');
</script>`;
const page = (body: string): { type: string; body: string } => ({ type: 'text/html', body });
const srcdoc = (query: string): string => TALK.replace('QUERY', query).replaceAll('"', '&quot;');

beforeAll(async () => {
  app = await startSocketApp({
    '/inner': page(TALK.replace('QUERY', 'inner')),
    '/parsed': page(
      `<!doctype html><script>onmessage = ({ data }) => top.heard = data</script>
       <h1>parsed</h1><iframe srcdoc="${srcdoc('parsed')}"></iframe>`,
    ),
  });
  // What a browser shows to no service worker goes by plain HTTP, where the session allows it.
  shares = await PathShares.start(app.port, ['--ingress', 'open']);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

describe.each(WAYS_ABOVE_THE_LINK)('frames in %s by %s', (name, path) => {
  let share: Share;
  let browser: Browser;
  let page: Page;
  let opened: Status;

  beforeAll(async () => {
    share = shares.on(path);
    browser = await launch(name);
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'socket app');
    opened = await onPath(page, path);
  });
  afterAll(async () => {
    await release(browser);
    await app.noneOpen();
  });

  const isTunnelled = (query: string): boolean => {
    const found = app.opened.filter(({ url }) => url === `/echo?${query}`);
    expect(found.at(-1)?.headers.origin).toBe(`http://localhost:${app.port}`);
    return found.every(({ headers }) => headers['x-forwarded-for'] === undefined);
  };

  test('one within the app', async () => {
    const heard = await inApp(page, () => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      frame.src = '/inner';
      return new Promise((resolve) => {
        addEventListener('message', ({ data }) => resolve(data), { once: true });
      });
    });
    expect(heard).toBe('hello true');
    expect(isTunnelled('inner')).toBe(true);
    await expectPath(page, opened, path);
    const before = app.closed.length;
    await inApp(page, () => document.querySelector('iframe')?.remove());
    await eventually('the close', () => app.closed[before]);
    expect(app.closed[before]?.code).toBe(1001);
  });

  test('a srcdoc that a script makes, and about:blank', async () => {
    const frame = page.frames()[1];
    const heard = await frame?.evaluate(
      (html) => {
        const made = document.createElement('iframe');
        made.srcdoc = html;
        document.body.append(made);
        return new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data), { once: true });
        });
      },
      TALK.replace('QUERY', 'srcdoc'),
    );
    expect(heard).toBe('hello true');
    expect(isTunnelled('srcdoc')).toBe(true);
    const blank = await inApp(page, () => {
      const { contentWindow } = document.body.appendChild(document.createElement('iframe'));
      const inner = contentWindow as unknown as Window & { WebSocket: typeof WebSocket };
      const socket = new inner.WebSocket('/echo?blank');
      return new Promise((resolve) => {
        socket.onopen = () => resolve(socket instanceof inner.WebSocket);
        socket.onerror = () => resolve('error');
      });
    });
    expect(blank).toBe(true);
    expect(isTunnelled('blank')).toBe(true);
  });

  test('a document that is written', async () => {
    const frame = page.frames()[1];
    const heard = await frame?.evaluate(
      (html) => {
        const made = document.body.appendChild(document.createElement('iframe'));
        const heard = new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data), { once: true });
        });
        const written = made.contentDocument;
        written?.open();
        written?.write(html);
        written?.close();
        return heard;
      },
      TALK.replace('QUERY', 'written'),
    );
    expect(heard).toBe('hello true');
    expect(isTunnelled('written')).toBe(true);
  });

  test('a srcdoc in the page’s own HTML', async () => {
    await inApp(page, () => location.assign('/parsed'));
    await appShows(page, 'parsed');
    await eventually('the echo', () =>
      page.evaluate(() => (window as unknown as { heard?: string }).heard),
    );
    // Firefox makes another window for it: a limit that the documentation names.
    expect(isTunnelled('parsed')).toBe(name === 'chromium');
  });
});
