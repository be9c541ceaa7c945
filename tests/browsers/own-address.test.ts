import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release } from '../support/browser.js';
import { onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually } from '../support/processes.js';

/** What the app got past the tunnel: its own machine is the reviewer's here, too. */
const leaked: string[] = [];
let app: Server;
let port: number;
let shares: PathShares;

beforeAll(async () => {
  app = createServer((request, response) => {
    const { url = '/', method = '', headers } = request;
    if (headers['accept-encoding'] !== 'identity') leaked.push(`${method} ${url}`);
    const type = url.startsWith('/script') ? 'text/javascript' : 'text/html';
    const { pathname, searchParams } = new URL(url, 'http://x');
    const policy = searchParams.get('policy');
    response.writeHead(200, {
      'content-type': type,
      ...(policy === null ? {} : { 'content-security-policy': policy }),
    });
    const body = `<title>${pathname}</title><p>${method} ${url}</p>`;
    response.end(type === 'text/html' ? body : `(self.postMessage ?? self.parent.postMessage)(1)`);
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  port = (app.address() as AddressInfo).port;
  shares = await PathShares.start(port);
});

afterAll(async () => {
  await shares.stop();
  app.closeAllConnections();
  await new Promise((resolve) => app.close(resolve));
});

describe.each(WAYS_ABOVE_THE_LINK)('the app’s address on localhost, in %s by %s', (name, path) => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launch(name);
    page = await browser.newPage();
    await page.goto(shares.on(path).ready.url);
    await appShows(page, 'GET /');
    await onPath(page, path);
    leaked.length = 0;
  });
  afterAll(() => release(browser));

  /** Shows that the app is at this place of the session, in the frame of the same tab. */
  async function arrives(text: string): Promise<void> {
    await appShows(page, text);
    expect(await inApp(page, () => location.origin)).toBe(shares.on(path).origin);
  }

  test.each<[string, string, (url: string) => void]>([
    [
      'a link',
      'GET /link',
      (url) => {
        document.body.innerHTML = `<a href="${url}link"><b>go</b></a>`;
        document.querySelector('b')?.click();
      },
    ],
    [
      'a link in SVG',
      'GET /svg',
      (url) => {
        document.body.innerHTML = `<svg><a href="${url}svg"><text>go</text></a></svg>`;
        const event = new MouseEvent('click', { bubbles: true, cancelable: true });
        document.querySelector('text')?.dispatchEvent(event);
      },
    ],
    [
      'a form',
      'POST /form',
      (url) => {
        document.body.innerHTML = `<form method="post" action="${url}form"><button>go</button></form>`;
        document.querySelector('button')?.click();
      },
    ],
    [
      'a button of a form',
      'POST /button',
      (url) => {
        document.body.innerHTML = `<form method="post"><button formaction="${url}button">go</button></form>`;
        document.querySelector('button')?.click();
      },
    ],
    [
      'a form that a script submits',
      'POST /submit',
      (url) => {
        document.body.innerHTML = `<form method="post" action="${url}submit"></form>`;
        document.querySelector('form')?.submit();
      },
    ],
    ['location.href', 'GET /href', (url) => void (location.href = `${url}href`)],
    ['location.replace', 'GET /replace', (url) => location.replace(`${url}replace`)],
    ['top.location', 'GET /top', (url) => void (window.top!.location.href = `${url}top`)],
    [
      'a refresh',
      'GET /refresh',
      (url) => {
        document.head.innerHTML = `<meta http-equiv="refresh" content="0;url=${url}refresh">`;
      },
    ],
    [
      '<base>',
      'GET /dir/base',
      (url) => {
        document.head.innerHTML = `<base href="${url}dir/">`;
        document.body.innerHTML = '<a href="base">go</a>';
        setTimeout(() => document.querySelector('a')?.click());
      },
    ],
  ])('leads to the session in %s', async (_, text, go) => {
    await inApp(page, go, `http://localhost:${port}/`);
    await arrives(text);
    expect(leaked).toEqual([]);
  });

  test.each(['127.0.0.1', '[::1]', 'tenant.localhost'])('may be written %s', async (host) => {
    await inApp(page, (url) => void (location.href = url), `http://${host}:${port}/at?${host}`);
    await arrives(`GET /at?${host}`);
    const asked = await inApp(
      page,
      (url) => fetch(url).then((answer) => answer.text()),
      `http://${host}:${port}/asked`,
    ).catch(String);
    // Another name is another origin, on localhost too.
    expect(asked).not.toContain('GET /asked');
    expect(leaked).toEqual([]);
  });

  test('opens another tab of the session', async () => {
    await inApp(page, (url) => void window.open(url), `http://localhost:${port}/opened`);
    const tab = await eventually('the tab', async () => {
      const pages = await browser.pages();
      return pages.find((one) => one.url().endsWith('/opened'));
    });
    await appShows(tab, 'GET /opened');
    expect(new URL(tab.url()).origin).toBe(shares.on(path).origin);
    await tab.close();
    expect(leaked).toEqual([]);
  });

  test('loads frames, workers, scripts and history entries under policies of ’self’', async () => {
    const policy =
      "default-src 'self' 'unsafe-inline' 'unsafe-eval'; base-uri 'self'; form-action 'self'";
    await inApp(page, (to) => location.assign(to), `/strict?policy=${encodeURIComponent(policy)}`);
    await appShows(page, 'GET /strict');
    const outcome = await inApp(page, probe, `http://localhost:${port}/`);
    expect(outcome).toEqual({
      frame: 'GET /frame',
      again: 'GET /again',
      script: 'load',
      worker: 'message',
      state: '/pushed',
    });
    expect(leaked).toEqual([]);
  });
});

/** Runs in the app's page. */
async function probe(url: string): Promise<Record<string, string>> {
  const event = (target: EventTarget, ...types: string[]): Promise<string> =>
    new Promise((resolve) => {
      for (const type of types) target.addEventListener(type, () => resolve(type));
    });
  const frame = document.createElement('iframe');
  const shown = async (text: string): Promise<string> => {
    for (const end = Date.now() + 15_000; Date.now() < end;) {
      const body = frame.contentDocument?.body?.innerText ?? '';
      if (body.includes(text)) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return `${text} was not shown`;
  };
  frame.src = `${url}frame`;
  document.body.append(frame);
  const first = await shown('/frame');
  frame.src = `${url}again`;
  const again = await shown('/again');
  const script = document.createElement('script');
  script.src = `${url}script`;
  document.body.append(script);
  const loaded = await event(script, 'load', 'error');
  const worker = new Worker(`${url}script-of-worker`);
  const heard = await event(worker, 'message', 'error');
  history.pushState(null, '', `${url}pushed`);
  return { frame: first, again, script: loaded, worker: heard, state: location.pathname };
}
