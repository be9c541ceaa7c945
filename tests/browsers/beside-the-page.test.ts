import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { startApiApp, type ApiApp, type SeenRequest } from '../support/api-app.js';
import { appShows, inApp, launch, release, statusWhere } from '../support/browser.js';
import { probePorts } from '../support/port-probe.js';
import { eventually, Share, startServer } from '../support/processes.js';
import { startRedirectApp, type RedirectApp } from '../support/redirect-app.js';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.js';

// An app that writes `${location.hostname}:8080`, with the scheme of its page, means its own machine, as on localhost.

/** The ports are probed twice, each with some forty requests. */
jest.setTimeout(90_000);

let app: RedirectApp;
let api: ApiApp;
let proxy: TlsProxy;
let server: Awaited<ReturnType<typeof startServer>>;

beforeAll(async () => {
  app = await startRedirectApp();
  api = await startApiApp();
  proxy = await startTlsProxy();
  server = await startServer(['--public-url', `https://localhost:${proxy.port}`]);
  proxy.forwardTo(server.port);
});

afterAll(async () => {
  await server.program.stop();
  await Promise.all([proxy.close(), app.close(), api.close()]);
});

interface Visit {
  answers: object;
  requests: Omit<SeenRequest, 'isTunnelled'>[];
}

async function visit(probe: () => Promise<Record<string, unknown>>): Promise<Visit> {
  const before = api.seen.length;
  const plain = JSON.stringify(await probe());
  const answers = JSON.parse(plain.replaceAll(`http://localhost:${app.port}`, 'APP')) as object;
  await eventually('the beacon', () => api.seen.some(({ path }) => path === '/none/beacon'));
  const requests = api.seen.splice(before).map((request) => ({ ...request, isTunnelled: null }));
  return { answers, requests };
}

/** To 127.0.0.1, by plain http, a page by https names no Referer; that is another name than the page's own. */
function byName({ answers }: Visit): [string, unknown][] {
  return Object.entries(answers).filter(([name]) => !name.startsWith('by address'));
}

async function onLocalhost(browser: Browser): Promise<Visit> {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.goto(`http://localhost:${app.port}/`);
  const seen = await visit(() => page.evaluate(probePorts, api.port, true));
  await context.close();
  return seen;
}

test.each([
  ['chromium', 'https'],
  ['firefox', 'http'],
] as const)('a port of the page’s own host is the app’s: %s, by %s', async (name, scheme) => {
  const browser = await launch(name, name === 'chromium' ? ['--ignore-certificate-errors'] : []);
  const local = await onLocalhost(browser);
  const args = ['--also', String(api.port)];
  const share =
    scheme === 'https'
      ? await Share.start(app.port, [...args, '--server', `https://localhost:${proxy.port}`], {
          NODE_EXTRA_CA_CERTS: proxy.certificate,
        })
      : await Share.start(app.port, args);
  const page = await browser.newPage();
  await page.goto(share.ready.url);
  await appShows(page, 'the app');
  await statusWhere(page, 'a tunnel', ({ mode }) => mode !== 'offline');
  const shared = await visit(() => inApp(page, probePorts, api.port, true));
  expect(byName(shared)).toEqual(byName(local));
  expect(shared.requests).toEqual(local.requests);
  // The app's own port by that name is its own origin.
  const own = await inApp(
    page,
    async (port) => {
      const here = `${location.protocol}//${location.hostname}:${port}`;
      const link = document.body.appendChild(document.createElement('a'));
      link.href = `${here}/linked`;
      link.onclick = (event) => event.preventDefault();
      link.click();
      return [(await fetch(`${here}/text`)).status, link.href === `${location.origin}/linked`];
    },
    app.port,
  );
  expect(own).toEqual([200, true]);
  await release(browser);
  await share.stop();
});
