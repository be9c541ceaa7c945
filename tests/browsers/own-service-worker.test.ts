import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, statusWhere, type Status } from '../support/browser.js';
import { expectPath, onPath, PathShares, WAYS_ABOVE_THE_LINK } from '../support/paths.js';
import { eventually, type Share } from '../support/processes.js';
import { startStaticApp, type StaticApp } from '../support/static-app.js';
import { workerProbes } from '../support/worker-probes.js';
import { WORKER_FILES } from '../support/worker-scripts.js';

/** A worker that hangs is ended after 10 s, and takes a core meanwhile. */
jest.setTimeout(60_000);

let app: StaticApp;
let shares: PathShares;

beforeAll(async () => {
  app = await startStaticApp(WORKER_FILES);
  shares = await PathShares.start(app.port);
});

afterAll(async () => {
  await shares.stop();
  await app.close();
});

describe.each(WAYS_ABOVE_THE_LINK)('an app’s own service worker in %s by %s', (name, path) => {
  let share: Share;
  let browser: Browser;
  let local: Page;
  let page: Page;
  let opened: Status;

  beforeAll(async () => {
    share = shares.on(path);
    browser = await launch(name);
    local = await browser.newPage();
    await local.goto(`http://localhost:${app.port}/`);
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'own worker');
    opened = await onPath(page, path);
  });
  afterAll(() => release(browser));

  const onBoth = async (probe: () => Promise<unknown>): Promise<[unknown, unknown]> => [
    await local.evaluate(probe),
    await inApp(page, probe),
  ];

  test('what browsers refuse is refused, and the tunnel goes on', async () => {
    const [expected, seen] = await onBoth(workerProbes.refusals);
    expect(seen).toEqual(expected);
    expect(await inApp(page, async () => (await fetch('/plain')).text())).toBe('plain text');
  });

  test('its life has the states and events that it has on localhost', async () => {
    const [expected, seen] = await onBoth(workerProbes.lifecycle);
    expect(seen).toEqual(expected);
  });

  test('its answers are those of localhost, and what it fetches goes through the tunnel', async () => {
    const ingress = await share.metric('wingman_ingress_requests_total');
    const [expected, seen] = await onBoth(workerProbes.fetches);
    expect(seen).toEqual(expected);
    expect(await share.metric('wingman_ingress_requests_total')).toBe(ingress);
    await expectPath(page, opened, path);
  });

  test('a request that the page gives up is given up by what it fetches for it', async () => {
    const moment = app.seen.length;
    const outcome = inApp(page, async () => {
      const abort = new AbortController();
      addEventListener('give-up', () => abort.abort(), { once: true });
      return fetch('/through/never', { signal: abort.signal }).catch((error: Error) => error.name);
    });
    const request = await eventually('the app is asked', () =>
      app.seen.slice(moment).find(({ url }) => url === '/through/never'),
    );
    expect(request.isOver()).toBe(false);
    await inApp(page, () => void dispatchEvent(new Event('give-up')));
    expect(await outcome).toBe('AbortError');
    await eventually('the app sees it', () => request.isOver());
  });

  test('messages, clients and its scope are those of localhost', async () => {
    const [expected, seen] = await onBoth(workerProbes.messages);
    expect(seen).toEqual(expected);
  });

  test('a reloaded page has it from the first request on', async () => {
    await local.reload();
    await page.reload();
    await appShows(page, 'own worker');
    const look = (): unknown => [
      document.title,
      navigator.serviceWorker.controller?.state,
      (document.getElementById('img') as HTMLImageElement).naturalWidth,
    ];
    const expected = ['own worker + script', 'activated', 7];
    expect(await local.evaluate(look)).toEqual(expected);
    await eventually('all of it', () => inApp(page, () => document.readyState === 'complete'));
    expect(await inApp(page, look)).toEqual(expected);
  });

  test('its pages from a cache have the tunnel’s WebSockets', async () => {
    await inApp(page, () => void (location.href = '/own/kept.html'));
    await appShows(page, 'kept page');
    await eventually('the address', () => new URL(page.url()).pathname === '/own/kept.html');
    const echo = await inApp(page, async () => {
      const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send('hello');
      return new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
    });
    expect(echo).toBe('hello');
  });

  test('navigations that it passes on keep their method, body and redirects', async () => {
    const moment = app.seen.length;
    await inApp(page, () => {
      document.body.innerHTML =
        '<form method="post" action="/through/page"><input name="a" value="b"></form>';
      document.forms[0]?.submit();
    });
    await appShows(page, 'page by POST a=b');
    await inApp(page, () => void (location.href = '/through/moved'));
    await appShows(page, 'page by GET');
    await eventually('the address', () => new URL(page.url()).search === '?moved');
    const seen = app.seen.slice(moment).map(({ method, url }) => `${method} ${url}`);
    expect(seen.filter((line) => line.includes('/through/'))).toEqual([
      'POST /through/page',
      'GET /through/moved',
      'GET /through/page?moved',
    ]);
  });

  // What follows is of the browser, or of the tab: it doesn't mind the path.
  if (path === 'relay') return;

  test('opaque responses of other sites pass it', async () => {
    const seen = await inApp(page, async () => {
      const url = new URL('/?far=fetched', location.origin);
      url.hostname = `elsewhere.${url.hostname}`;
      const { type, status } = await fetch(url, { mode: 'no-cors' });
      return [type, status];
    });
    expect(seen).toEqual(['opaque', 0]);
  });

  test('a module worker with imports', async () => {
    await inApp(page, () => void (location.href = '/module/'));
    await appShows(page, 'module page');
    await inApp(page, async () => {
      const { installing } = await navigator.serviceWorker.register('/module/sw.js', {
        type: 'module',
      });
      await new Promise<void>((resolve) =>
        installing?.addEventListener(
          'statechange',
          () => installing.state === 'activated' && resolve(),
        ),
      );
    });
    await inApp(page, () => location.reload());
    await eventually('the module worker answers', async () => {
      const [state, text] = await inApp(page, async () => [
        document.readyState,
        await (await fetch('/module/asked')).text(),
      ]);
      // Firefox runs this in the new document before its first script, the shim, is there.
      return state === 'complete' && text === 'module at /module/sw.js';
    });
  });

  test('what can’t be emulated says so', async () => {
    const refusal = await inApp(page, async () => {
      const registration = await navigator.serviceWorker.ready;
      return registration.pushManager
        .subscribe()
        .catch((error: Error) => `${error.name}: ${error.message}`);
    });
    expect(refusal).toMatch(/^NotSupportedError: .*Wingman/);
  });

  test('the tunnel’s service worker is killed: the app’s goes on where it was', async () => {
    if (name === 'firefox') return;
    await page.goto(share.ready.url);
    await appShows(page, 'own worker');
    const count = (): Promise<number> =>
      inApp(page, async () => Number(await (await fetch('/own/count')).text()));
    const before = await count();
    const session = await page.createCDPSession();
    await session.send('ServiceWorker.enable');
    await session.send('ServiceWorker.stopAllWorkers');
    await session.detach();
    expect(await count()).toBe(before + 1);
  });

  test('each of two tabs has it, and goes on when the other is closed', async () => {
    await page.goto(share.ready.url);
    await appShows(page, 'own worker');
    const second = await browser.newPage();
    await second.goto(share.ready.url);
    await appShows(second, 'own worker');
    const text = async (): Promise<string> => (await fetch('/own/text')).text();
    expect([await inApp(page, text), await inApp(second, text)]).toEqual([
      'from the worker',
      'from the worker',
    ]);
    await page.close();
    expect(await inApp(second, text)).toBe('from the worker');
    page = second;
  });

  test('a worker that hangs is ended, its bodies with an error, and neither the tunnel nor the next request', async () => {
    const outcome = await inApp(page, async () => {
      const reader = (await fetch('/own/endless')).body?.getReader();
      const first = new TextDecoder().decode((await reader?.read())?.value);
      const rest = reader?.read().then(
        ({ done }) => (done ? 'as if complete' : 'more'),
        () => 'broken off',
      );
      const spin = await fetch('/own/spin').catch((error: Error) => error.name);
      const [own, plain] = [await fetch('/own/text'), await fetch('/plain')];
      return [first, await rest, spin, await own.text(), await plain.text()];
    });
    expect(outcome).toEqual(['first', 'broken off', 'TypeError', 'from the worker', 'plain text']);
    await statusWhere(page, 'an open link', ({ link }) => link.state === 'open');
  });
});
