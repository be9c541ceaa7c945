import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { startApiApp, type ApiApp, type SeenRequest } from '../support/api-app.js';
import {
  appShows,
  launch,
  release,
  prefer,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { probePorts } from '../support/port-probe.js';
import { eventually, Share } from '../support/processes.js';
import { startRedirectApp, type RedirectApp } from '../support/redirect-app.js';

let app: RedirectApp;
let api: ApiApp;
let secret: ApiApp;
let share: Share;

beforeAll(async () => {
  app = await startRedirectApp();
  // A test closes it for a while.
  api = await startApiApp(await freePort());
  secret = await startApiApp();
  share = await Share.start(app.port, ['--also', String(api.port)]);
});

afterAll(async () => {
  await share.stop();
  await Promise.all([app.close(), api.close(), secret.close()]);
});

interface Visit {
  answers: Record<string, unknown>;
  requests: SeenRequest[];
}

describe.each<BrowserName>(['chromium', 'firefox'])('another port, in %s', (name) => {
  let browser: Browser;
  let native: Visit;
  /** For all that a visit leaves no trace in. */
  let page: Page;

  beforeAll(async () => {
    browser = await launch(name);
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.goto(`http://localhost:${app.port}/`);
    native = await visit((port) => page.evaluate(probePorts, port));
    await context.close();
  });
  afterAll(() => release(browser));

  async function visit(probe: (port: number) => Promise<Record<string, unknown>>): Promise<Visit> {
    const before = api.seen.length;
    const answers = await probe(api.port);
    await eventually('the beacon', () => api.seen.some(({ path }) => path === '/none/beacon'));
    const plain = JSON.stringify(answers).replaceAll(String(api.port), 'API');
    return {
      answers: JSON.parse(
        plain.replaceAll(`http://localhost:${app.port}`, 'APP'),
      ) as Visit['answers'],
      requests: api.seen.splice(before),
    };
  }

  async function open(): Promise<Page> {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'the app');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    return page;
  }

  beforeAll(async () => {
    page = await open();
  });

  const frameOf = (page: Page) => {
    const frame = page.frames().find((candidate) => candidate.parentFrame() === page.mainFrame());
    if (frame === undefined) throw new Error('the app’s frame is not there');
    return frame;
  };

  test.each(['p2p', 'relay'] as const)('answers as it does on localhost: %s', async (mode) => {
    const page = await open();
    if (mode === 'relay') {
      await prefer(page, 'relay');
      await statusWhere(page, 'the relay', (status) => status.mode === 'relay');
    }
    const tunnelled = await visit((port) => frameOf(page).evaluate(probePorts, port));
    for (const key of Object.keys(native.answers)) {
      expect([key, tunnelled.answers[key]]).toEqual([key, native.answers[key]]);
    }
    expect(tunnelled.requests.map(({ path, isTunnelled }) => [path, isTunnelled])).toEqual(
      tunnelled.requests.map(({ path }) => [path, true]),
    );
    const asked = ({ requests }: Visit) =>
      requests.map((request) => ({ ...request, isTunnelled: 0 }));
    expect(asked(tunnelled)).toEqual(asked(native));
    await page.browserContext().close();
  });

  test('that is not allowed is not reached, and the console names the option', async () => {
    const errors: string[] = [];
    page.on('console', (message) => errors.push(`${message.type()} ${message.text()}`));
    const outcome = await frameOf(page).evaluate(async (port) => {
      const fail = (error: Error): string => error.name;
      const close = new Promise((resolve) => {
        const socket = new WebSocket(`ws://localhost:${port}/`);
        socket.onclose = ({ code }) => resolve(code);
      });
      return [
        await fetch(`http://localhost:${port}/any/x`).then(() => 'answered', fail),
        await fetch(`http://127.0.0.1:${port}/any/x`, { mode: 'no-cors' }).then(
          () => 'answered',
          fail,
        ),
        await close,
      ];
    }, secret.port);
    expect(outcome).toEqual(['TypeError', 'TypeError', 1006]);
    await eventually('the console', () => {
      const named = errors.filter((text) => text.startsWith('error'));
      return named.filter((text) => text.includes(`--also ${secret.port}`)).length >= 3;
    });
    expect(secret.seen).toEqual([]);
  });

  test('is reached by no trick: redirects, names, addresses, paths', async () => {
    const before = secret.seen.length;
    const outcomes = await frameOf(page).evaluate(
      async (api, secret) => {
        const there = encodeURIComponent(`http://localhost:${secret}/any/x`);
        const urls = [
          `/to?url=${there}`,
          `http://localhost:${api}/any/to?url=${there}`,
          `http://127.0.0.1:${api}/any/to?url=${there}`,
          `http://localhost:${secret}/any/x`,
          `http://LOCALHOST:${secret}/any/x`,
          `http://2130706433:${secret}/any/x`,
          `http://0x7f.1:${secret}/any/x`,
          `http://[0:0:0:0:0:0:0:1]:${secret}/any/x`,
          `http://localhost:${api}@localhost:${secret}/any/x`,
        ];
        const fail = (error: Error): string => error.name;
        return Promise.all(urls.map((url) => fetch(url).then(() => 'answered', fail)));
      },
      api.port,
      secret.port,
    );
    expect(outcomes).toEqual(outcomes.map(() => 'TypeError'));
    expect(secret.seen.slice(before)).toEqual([]);
    // What only looks like the developer's machine goes where the browser takes it, not to the host.
    const paths = await frameOf(page).evaluate(
      async (api, secret) => {
        const urls = [
          `http://127.0.0.2:${secret}/any/x`,
          `http://[::ffff:127.0.0.1]:${secret}/any/x`,
          `http://elsewhere.localhost:${secret}/any/x`,
        ];
        for (const url of urls) await fetch(url).catch(() => undefined);
        const tricks = [
          `/any//localhost:${secret}/`,
          `/any/%2e%2e:${secret}/`,
          `/any/@x:${secret}`,
        ];
        const asked = tricks.map((path) => fetch(`http://localhost:${api}${path}`));
        return Promise.all(asked.map(async (response) => (await response).text()));
      },
      api.port,
      secret.port,
    );
    expect(paths).toEqual(['hello', 'hello', 'hello']);
    const reached = secret.seen.slice(before);
    expect(reached.filter(({ isTunnelled }) => isTunnelled)).toEqual([]);
    secret.seen.length = 0;
  });

  test('that is the shared one is the app itself, by name; by address it is another', async () => {
    const seen = await frameOf(page).evaluate(async (port) => {
      const text = async (url: string): Promise<string> => {
        const response = await fetch(url, { method: 'PUT' });
        return (await response.text()).includes('the app') ? 'the app' : 'something else';
      };
      const fail = (error: Error): string => error.name;
      return [
        await text(`http://localhost:${port}/`),
        await text(`http://127.0.0.1:${port}/`).catch(fail),
      ];
    }, app.port);
    expect(seen).toEqual(['the app', 'TypeError']);
  });

  test('is there for workers too', async () => {
    const before = api.seen.length;
    const seen = await frameOf(page).evaluate((port) => {
      const code = `
        const api = 'localhost:${port}';
        const socket = new WebSocket('ws://' + api + '/socket');
        socket.onmessage = async ({ data }) => {
          const refused = await fetch('http://' + api + '/none/x').catch((error) => error.name);
          const response = await fetch('http://' + api + '/any/x');
          postMessage([data, await response.text(), refused]);
        };`;
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      return new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    }, api.port);
    expect(seen).toEqual([`http://localhost:${app.port}`, 'hello', 'TypeError']);
    expect(api.seen.slice(before).map(({ isTunnelled }) => isTunnelled)).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('gives a page without CORS nothing to read', async () => {
    const read = await frameOf(page).evaluate(async (port) => {
      const response = await fetch(`http://localhost:${port}/none/x`, { mode: 'no-cors' });
      return response.text();
    }, api.port);
    expect(read).toBe('');
  });

  test('a refused connection is a failed request, and the console says so', async () => {
    const errors: string[] = [];
    page.on('console', (message) => errors.push(message.text()));
    const { port } = api;
    await api.close();
    const outcome = await frameOf(page).evaluate(
      (port) =>
        fetch(`http://localhost:${port}/any/x`).then(
          () => 'answered',
          (e: Error) => e.name,
        ),
      port,
    );
    expect(outcome).toBe('TypeError');
    await eventually('the console', () =>
      errors.some((text) => text.includes('LOCAL_PORT_REFUSED')),
    );
    api = await startApiApp(port);
  });
});
