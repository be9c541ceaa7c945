import { existsSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startBatteryApp, type BatteryApp } from '../battery/app.js';
import { BARE, BARE_ROUTES, lookAtBare } from '../battery/bare-worker.js';
import { news, outdated, runAll } from '../battery/run.js';
import { runSection, type Outcome } from '../battery/section.js';
import type { Status } from '../support/browser.js';
import { digest, everydayRoutes, LARGE } from '../support/everyday-app.js';
import { eventually, Share, startServer } from '../support/processes.js';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.js';
import { startViteExample } from '../support/vite-example.js';
import { WebKit } from '../support/webkit.js';

/** Several waits, none of which is long on a machine that does nothing else. */
jest.setTimeout(240_000);
/** WebKitGTK draws without a graphics card here: beside other browsers a page takes its time. */
const PAGE_MS = 90_000;
const BATTERY_DEADLINE_MS = 300_000;
/** The sections in which WebKit gives by https what it does not give by http, without a tunnel. */
const BY_SCHEME = ['cookies', 'frames'];
/** What differs there: Secure cookies are kept by https alone, and a document that has no URL of a server is a step down. */
const BY_HTTPS = [
  ...['cookies: one that is Secure', 'cookies: the store gets all'],
  ...['cookies: the store sets one', 'cookies: the store deletes one'],
  ...['frames: srcdoc: referrer', 'frames: a blob: referrer'],
];

let app: BatteryApp;
/** In front of the app itself: what it is on localhost, with TLS. */
let local: TlsProxy;
let proxy: TlsProxy;
let server: Awaited<ReturnType<typeof startServer>>;
let webkit: WebKit;

/** Behind TLS, as sessions are for those who use Safari: WebKit takes no Secure cookie from plain http, not on localhost either. */
beforeAll(async () => {
  app = await startBatteryApp({ ...everydayRoutes(), ...BARE_ROUTES });
  local = await startTlsProxy();
  local.forwardTo(app.port);
  proxy = await startTlsProxy();
  server = await startServer(['--public-url', `https://localhost:${proxy.port}`]);
  proxy.forwardTo(server.port);
  webkit = await WebKit.start();
});

afterAll(async () => {
  await webkit.stop();
  await server.program.stop();
  await proxy.close();
  await local.close();
  await app.close();
});

function startShare(port: number, env: NodeJS.ProcessEnv = {}): Promise<Share> {
  return Share.start(port, ['--server', `https://localhost:${proxy.port}`], {
    ...env,
    NODE_EXTRA_CA_CERTS: proxy.certificate,
  });
}

const inApp: WebKit['driver']['evaluateInFrame'] = (run, ...args) =>
  webkit.driver.evaluateInFrame(run, ...args);

async function appShows(text: string): Promise<void> {
  const shown = (part: string): boolean =>
    frames[0]?.document.body.innerText.includes(part) ?? false;
  await eventually(`the app shows “${text}”`, () => webkit.driver.evaluate(shown, text), PAGE_MS);
}

/** Waits for a text in the tab's own document. */
async function tabShows(text: string): Promise<void> {
  const shown = (part: string): boolean => document.body.innerText.includes(part);
  await eventually(`the tab shows “${text}”`, () => webkit.driver.evaluate(shown, text), PAGE_MS);
}

function status(): Promise<Status> {
  return webkit.driver.evaluate(() =>
    (window as unknown as { wingman: { status(): Promise<Status> } }).wingman.status(),
  );
}

/** Sections of the battery in a page without a tunnel; all unless told. */
async function runOnLocalhost(origin: string, names?: string[]): Promise<Outcome> {
  await webkit.goto(origin);
  return runAll((source) => webkit.driver.evaluate(runSection, source), origin, app.port, names);
}

describe('a session in WebKitGTK', () => {
  let share: Share;

  beforeAll(async () => {
    share = await startShare(app.port);
    await webkit.goto(share.ready.url);
  });

  afterAll(() => share.stop());

  /** That build has no WebRTC. */
  afterEach(async () => {
    const { bytes } = await eventually('the relay', async () => {
      const now = await status();
      return now.mode === 'relay' ? now : undefined;
    });
    expect(bytes.p2p).toEqual({ in: 0, out: 0 });
    expect(bytes.relay.in).toBeGreaterThan(0);
  });

  async function open(path: string, text: string): Promise<void> {
    // From the page itself the link would be a way to another place in it.
    await webkit.driver.goto('about:blank');
    await webkit.goto(share.ready.url.replace('/#', `${path}#`));
    await appShows(text);
  }

  test('opens the app, which asks its server over the relay', async () => {
    await appShows('the battery');
    expect(await inApp(() => [isSecureContext, location.hash])).toEqual([true, '']);
    const answer = await inApp(async () => (await fetch('/json')).text());
    expect(answer).toBe('{"a":[1,"é"]}');
  });

  test('has the app at its port of the page’s own host too', async () => {
    const answers = await inApp(async (port) => {
      const host = `${location.hostname}:${port}`;
      const socket = new WebSocket(`wss://${host}/socket`);
      const echo = new Promise<unknown>((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(data);
        socket.onclose = reject;
      });
      socket.onopen = () => socket.send('there');
      return [await (await fetch(`https://${host}/json`)).text(), await echo];
    }, app.port);
    expect(answers).toEqual(['{"a":[1,"é"]}', 'there']);
  });

  test('sends and receives 8 MiB whole', async () => {
    const before = await status();
    const sent = await inApp(async () => {
      const body = new Blob(Array.from({ length: 128 }, () => 'wingman '.repeat(8_192)));
      return (await fetch('/digest', { method: 'POST', body })).text();
    });
    const received = await inApp(async () => {
      const body = await (await fetch('/large')).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
      return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    });
    expect([sent, received]).toEqual([digest(LARGE), digest(LARGE)]);
    await eventually('the relay has carried both', async () => {
      const { relay } = (await status()).bytes;
      const { in: received, out: sent } = before.bytes.relay;
      return relay.out - sent > LARGE.length && relay.in - received > LARGE.length;
    });
  });

  test('shows each part of a body and of an event stream before the next is asked for', async () => {
    const parts = await inApp(async () => {
      const reader = (await fetch('/stream')).body
        ?.pipeThrough(new TextDecoderStream())
        .getReader();
      const events = new EventSource('/event-stream');
      const next = (): Promise<unknown> =>
        new Promise((resolve) => (events.onmessage = ({ data }) => resolve(data)));
      const seen: unknown[] = [(await reader?.read())?.value, await next()];
      const second = next();
      await fetch('/go-on');
      seen.push((await reader?.read())?.value, await second);
      events.close();
      await reader?.cancel();
      return seen;
    });
    expect(parts).toEqual(['one', 'one', 'two', 'two']);
  });

  test('has a WebSocket carry text and bytes both ways, and its close', async () => {
    const heard = await inApp(async () => {
      const socket = new WebSocket('/socket', ['first', 'second']);
      socket.binaryType = 'arraybuffer';
      const next = (): Promise<unknown> =>
        new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send('héllo');
      const text = await next();
      socket.send(new Uint8Array([1, 2, 255]));
      const bytes = [...new Uint8Array((await next()) as ArrayBuffer)];
      const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
      socket.send('close 4001 enough');
      const { code, reason, wasClean } = await closed;
      return [socket.protocol, text, bytes, code, reason, wasClean];
    });
    expect(heard).toEqual(['first', 'héllo', [1, 2, 255], 4001, 'enough', true]);
  });

  test('keeps cookies of the app and of its scripts over a reload', async () => {
    await inApp(async () => {
      document.cookie = 'scripted=1';
      await fetch(
        '/set-cookie?c=shown%3D2%3B%20Path%3D%2F&c=hidden%3D3%3B%20HttpOnly%3B%20Path%3D%2F',
      );
    });
    await webkit.driver.reload();
    await appShows('the battery');
    expect(
      await inApp(async () => [
        document.cookie.split('; ').sort(),
        await (await fetch('/cookies')).text(),
      ]),
    ).toEqual([['scripted=1', 'shown=2'], 'hidden=3; scripted=1; shown=2']);
  });

  test('shows the answer to a form', async () => {
    await open('/form', 'a form');
    await inApp(() => document.querySelector('form')?.requestSubmit());
    await appShows('POST said=%C3%A4%26b');
  });

  test('goes on, back and forward in the tab’s own history, and reloads where it is', async () => {
    const place = (): Promise<unknown> =>
      webkit.driver.evaluate(() => [location.pathname, document.title]);
    await open('/first', 'first page');
    await inApp(() => document.querySelector('a')?.click());
    await appShows('second page');
    await eventually(
      'the tab is there',
      async () => String(await place()) === '/second,second page',
    );
    await webkit.driver.back();
    await appShows('first page');
    await eventually('the tab is back', async () => String(await place()) === '/first,first page');
    await webkit.driver.reload();
    await appShows('first page');
    await eventually('the tab is there', async () => String(await place()) === '/first,first page');
  });

  test('saves a download', async () => {
    await inApp(() => location.assign('/report'));
    const file = `${webkit.downloads}/report.bin`;
    await eventually(
      'the file',
      () => existsSync(file) && readFileSync(file).equals(LARGE),
      PAGE_MS,
    );
    await appShows('first page');
  });

  test(
    'gives what localhost gives by https, but for what is known; by http it gives what WebKit gives by http',
    async () => {
      await open('/', 'the battery');
      const shared = await runAll((source) => inApp(runSection, source), share.origin, app.port);
      const secure = await runOnLocalhost(`https://localhost:${local.port}`);
      // Under a name that has no cookies yet: those of https would be there by http.
      const plain = await runOnLocalhost(`http://127.0.0.1:${app.port}`, BY_SCHEME);
      await webkit.goto(`https://localhost:${local.port}/bare/`);
      const bare = await webkit.driver.evaluate(lookAtBare);
      await webkit.goto(share.ready.url);
      await appShows('the battery');
      expect(bare).toEqual(BARE.webkit);
      expect(Object.keys(shared)).toEqual(Object.keys(secure));
      expect(news('webkit', secure, shared)).toEqual([]);
      expect(outdated('webkit', secure, [shared])).toEqual([]);
      const isOther = (key: string): boolean => plain[key] !== secure[key];
      expect(Object.keys(plain).filter(isOther).sort()).toEqual(BY_HTTPS.toSorted());
    },
    BATTERY_DEADLINE_MS,
  );
});

test('a link without its key, a passphrase, and a session that is over are told in WebKitGTK', async () => {
  const share = await startShare(app.port, { PASSPHRASE: 'open sesame' });
  await webkit.goto(`${share.origin}/`);
  await tabShows('This link is not complete');
  await webkit.goto(share.ready.url);
  await appShows('This app is behind a passphrase');
  await inApp(() => {
    const field = document.querySelector<HTMLInputElement>('#passphrase');
    if (field !== null) field.value = 'open sesame';
    document.querySelector('button')?.click();
  });
  await appShows('the battery');
  await share.stop();
  await webkit.driver.reload();
  await tabShows('What to do');
});

test('a hot update comes without a reload, over the relay, in WebKitGTK', async () => {
  const example = await startViteExample();
  const share = await startShare(example.port);
  await webkit.goto(share.ready.url);
  await appShows('Get started');
  await inApp(() => document.querySelector<HTMLButtonElement>('button.counter')?.click());
  example.edit('src/App.tsx', (text) => text.replace('Get started', 'Get relayed'));
  await appShows('Get relayed');
  await appShows('Count is 1');
  expect((await status()).bytes.p2p).toEqual({ in: 0, out: 0 });
  await share.stop();
  await example.stop();
});
