import { describe, expect, test } from '@jest/globals';
import {
  ASK_AGAIN_PART,
  ENTRY_TARGET,
  headerValue,
  openWebSocket,
  PORTS_TARGET,
  request,
  type HttpResponse,
} from '@wingman/protocol';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { EntryRules } from '../src/entry/entrance.js';
import { readEntryForm } from '../src/exchange/entry-page.js';
import { LocalApp } from '../src/exchange/local-app.js';
import { HOST_LIMITS } from '../src/limits.js';
import { cleanups } from './support/cleanups.js';
import { FakeClock } from './support/fake-clock.js';
import { freePort, listen } from './support/servers.js';
import {
  openTunnel,
  requestHead,
  SESSION_ORIGIN,
  textOf,
  webSocketOpen,
} from './support/tunnel.js';
import { until } from './support/until.js';

type Fields = Parameters<typeof requestHead>[0];

const PASSPHRASE = 'open sesame';
const HTML = ['accept', 'text/html,*/*'];
const SLOW_MS = 120_000;

/** An app that counts what it hears, behind a host with these rules. */
async function shared(entry: EntryRules, clock?: FakeClock) {
  const heard: string[] = [];
  let open = 0;
  const server = await listen((incoming, response) => {
    heard.push(`${incoming.method} ${incoming.url}`);
    open++;
    response.on('close', () => open--);
    if (incoming.url === '/endless') response.write('first');
    else response.end('the app');
  });
  cleanups.push(() => server.close());
  const options = {
    entry,
    alsoPorts: [await freePort()],
    ...(clock === undefined ? {} : { clock }),
  };
  const app = new LocalApp(server.port, () => SESSION_ORIGIN, options);
  cleanups.push(() => app.close());
  return { app, server, heard, open: () => open };
}

interface Host {
  readonly app: LocalApp;
  readonly server: { readonly port: number };
}

/** A tab of a visitor. */
function tab({ app, server }: Host, visitor: string, via: 'viewer' | 'ingress' = 'viewer') {
  const tunnel = openTunnel(server.port, via, app, visitor);
  cleanups.push(() => tunnel.hostLink.close('LINK_CLOSED'));
  const ask = (fields: Fields, text?: string): Promise<HttpResponse> =>
    request(
      tunnel.mux,
      requestHead({ ...fields, hasBody: text !== undefined }),
      text === undefined ? {} : { body: bodyOf(text) },
    );
  const enter = (passphrase: string, to = '/') =>
    ask({ method: 'POST', target: ENTRY_TARGET }, String(new URLSearchParams({ passphrase, to })));
  return { ask, enter, mux: tunnel.mux };
}

async function* bodyOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const said = ({ head }: HttpResponse) => [head.status, headerValue(head.headers, 'wingman-error')];

describe('with the key and without the passphrase', () => {
  test.each<[string, Fields]>([
    ['a page', { headers: HTML, mode: 'navigate', destination: 'iframe' }],
    ['HEAD', { method: 'HEAD' }],
    ['OPTIONS', { method: 'OPTIONS', target: '/api' }],
    ['POST', { method: 'POST', target: '/api' }],
    ['the host’s own pages', { target: PORTS_TARGET }],
    ['the form’s own address', { target: ENTRY_TARGET }],
    ['HEAD of the form’s address', { method: 'HEAD', target: ENTRY_TARGET }],
    ['PUT to the form’s address', { method: 'PUT', target: ENTRY_TARGET }],
    ['something below the form', { method: 'POST', target: `${ENTRY_TARGET}/x` }],
    ['a way out of the reserved paths', { method: 'POST', target: `${ENTRY_TARGET}/../../api` }],
    ['an encoded way out', { method: 'POST', target: `${ENTRY_TARGET}%2f..%2f..%2fapi` }],
    ['a path beside the form', { method: 'POST', target: '/__wingman/entryx' }],
  ])('%s gets the form and no more', async (_, fields) => {
    const world = await shared({ passphrase: PASSPHRASE });
    const response = await tab(world, 'ann').ask(fields);
    expect(said(response)).toEqual([401, 'PASSPHRASE_NEEDED']);
    expect(world.heard).toEqual([]);
  });

  test('the form’s address on another shared port is that port’s, and closed', async () => {
    const world = await shared({ passphrase: PASSPHRASE });
    const port = await freePort();
    const response = await tab(world, 'ann').ask({ method: 'POST', target: ENTRY_TARGET, port });
    expect(said(response)).toEqual([401, 'PASSPHRASE_NEEDED']);
  });

  test('a WebSocket is refused before the app hears of it', async () => {
    const world = await shared({ passphrase: PASSPHRASE });
    const { mux } = tab(world, 'ann');
    const { accepted } = openWebSocket(mux, webSocketOpen({ target: '/socket' }));
    await expect(accepted).rejects.toMatchObject({ head: { status: 401 } });
    expect(world.heard).toEqual([]);
  });

  test('the page is a form that leads back, and nothing in it is markup of the asker’s', async () => {
    const world = await shared({ passphrase: PASSPHRASE });
    const response = await tab(world, 'ann').ask({ target: '/a?"><script>', headers: HTML });
    const text = await textOf(response.body);
    expect(text).toContain(`<form method="post" action="${ENTRY_TARGET}">`);
    expect(text).toContain('value="/a?&quot;&gt;&lt;script&gt;"');
    const policy = headerValue(response.head.headers, 'content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self'");
    const styles = [...text.matchAll(/<style>([^<]*)<\/style>/g)].map(([, style = '']) => style);
    expect(styles).toHaveLength(2);
    for (const style of styles) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    }
  });

  test('plain HTTP is refused, whatever it shows: the passphrase must not pass the server', async () => {
    const world = await shared({ passphrase: PASSPHRASE });
    const { ask, enter } = tab(world, 'ann', 'ingress');
    expect(said(await ask({}))).toEqual([403, 'INGRESS_REFUSED']);
    expect(said(await enter(PASSPHRASE))).toEqual([403, 'INGRESS_REFUSED']);
    expect(world.app.entrance.tries).toEqual({ right: 0, wrong: 0, limited: 0 });
    expect(world.heard).toEqual([]);
  });
});

describe('the form', () => {
  test(
    'lets the visitor in, in every tab and after a reload, and nobody else',
    async () => {
      const world = await shared({ passphrase: PASSPHRASE });
      const { ask, enter } = tab(world, 'ann');
      await ask({});
      const wrong = await enter('open barley', '/a?b');
      expect([wrong.head.status, headerValue(wrong.head.headers, 'location')]).toEqual([
        303,
        '/a?b',
      ]);
      expect(said(await ask({}))).toEqual([401, 'PASSPHRASE_NEEDED']);
      const right = await enter(PASSPHRASE, '/a?b');
      expect([right.head.status, headerValue(right.head.headers, 'location')]).toEqual([
        303,
        '/a?b',
      ]);
      expect(await textOf((await ask({})).body)).toBe('the app');
      expect((await tab(world, 'ann').ask({})).head.status).toBe(200);
      expect((await tab(world, 'ben').ask({})).head.status).toBe(401);
      expect(world.heard).toEqual(['GET /', 'GET /']);
    },
    SLOW_MS,
  );

  test.each([
    ['/a?b=c#d', '/a?b=c'],
    ['', '/'],
    ['https://evil.example/', '/'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['/.//evil.example/', '/'],
    ['\t//evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/__wingman/entry', '/'],
    ['/%5f_wingman/entry', '/'],
  ])('that wants to lead to %s leads to %s', (to, target) => {
    expect(readEntryForm(String(new URLSearchParams({ to }))).to).toBe(target);
  });

  test('that is too large, or comes too slowly, is refused', async () => {
    const clock = new FakeClock();
    const world = await shared({ passphrase: PASSPHRASE }, clock);
    const { ask, enter, mux } = tab(world, 'ann');
    await ask({});
    expect(said(await enter('x'.repeat(HOST_LIMITS.entryFormBytes)))).toEqual([400, 'BAD_REQUEST']);
    const head = requestHead({ method: 'POST', target: ENTRY_TARGET, hasBody: true });
    const slow = request(mux, head, { body: never() });
    await until(() => clock.pending.includes(HOST_LIMITS.entryFormMs), 'the form is awaited');
    clock.advance(HOST_LIMITS.entryFormMs);
    expect(said(await slow)).toEqual([400, 'BAD_REQUEST']);
    expect(world.app.entrance.tries).toEqual({ right: 0, wrong: 0, limited: 0 });
  });
});

// eslint-disable-next-line require-yield
async function* never(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
}

describe('a session whose developer is asked', () => {
  test('shows a page that asks again by itself, until the visitor is let in', async () => {
    const world = await shared({ asksDeveloper: true });
    const { ask } = tab(world, 'ann');
    const waiting = await ask({ headers: HTML });
    expect(said(waiting)).toEqual([403, 'APPROVAL_NEEDED']);
    expect(await textOf(waiting.body)).toContain(ASK_AGAIN_PART.body);
    world.app.entrance.accept(1);
    expect((await ask({})).head.status).toBe(200);
    expect(said(await tab(world, 'ben').ask({}))).toEqual([403, 'APPROVAL_NEEDED']);
  });

  test('takes no form, and no plain HTTP', async () => {
    const world = await shared({ asksDeveloper: true });
    expect(said(await tab(world, 'ann').enter(PASSPHRASE))).toEqual([403, 'APPROVAL_NEEDED']);
    expect(said(await tab(world, 'ann', 'ingress').ask({}))).toEqual([403, 'INGRESS_REFUSED']);
  });

  test('stops asking when the visitor is refused', async () => {
    const world = await shared({ asksDeveloper: true });
    const { ask } = tab(world, 'ann');
    await ask({});
    world.app.entrance.refuse(1);
    const refused = await ask({ headers: HTML });
    expect(said(refused)).toEqual([403, 'VISITOR_REFUSED']);
    expect(await textOf(refused.body)).not.toContain('refresh');
    expect(world.heard).toEqual([]);
  });
});

describe('a visitor who is removed', () => {
  test('loses streams in both directions at once, in every tab; others go on', async () => {
    const world = await shared({ asksDeveloper: true });
    const tabs = [tab(world, 'ann'), tab(world, 'ann'), tab(world, 'ben')] as const;
    for (const { ask } of tabs) await ask({});
    for (const { number } of world.app.entrance.waiting) world.app.entrance.accept(number);
    const streams = await Promise.all(tabs.map(({ ask }) => ask({ target: '/endless' })));
    await until(() => world.open() === 3, 'the streams run');
    world.app.entrance.refuse(1);
    for (const { body } of streams.slice(0, 2)) {
      await expect(textOf(body)).rejects.toMatchObject({ code: 'VISITOR_REFUSED' });
    }
    await until(() => world.open() === 1, 'the app’s connections are closed');
    expect(said(await tabs[0].ask({}))).toEqual([403, 'VISITOR_REFUSED']);
    expect(said(await tab(world, 'ann').ask({}))).toEqual([403, 'VISITOR_REFUSED']);
    expect((await tabs[2].ask({})).head.status).toBe(200);
  });

  test('loses WebSockets at once', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    cleanups.push(() => new Promise((resolve) => sockets.close(resolve)));
    await once(sockets, 'listening');
    const { port } = sockets.address() as AddressInfo;
    const app = new LocalApp(port, () => SESSION_ORIGIN);
    cleanups.push(() => app.close());
    const { mux } = tab({ app, server: { port } }, 'ann');
    const { accepted } = openWebSocket(mux, webSocketOpen({ target: '/' }));
    await accepted;
    const closed = new Promise((resolve) => [...sockets.clients][0]?.once('close', resolve));
    app.entrance.refuse(1);
    await closed;
    const again = openWebSocket(mux, webSocketOpen({ target: '/' }));
    await expect(again.accepted).rejects.toMatchObject({ head: { status: 403 } });
  });
});

test.each([{}, { passphrase: PASSPHRASE }])(
  'while it is paused nothing new passes, by whichever door: %j',
  async (rules) => {
    const world = await shared(rules);
    world.app.entrance.isPaused = true;
    for (const via of ['viewer', 'ingress'] as const) {
      const response = await tab(world, 'ann', via).ask({ headers: HTML });
      expect(said(response)).toEqual([503, 'PAUSED']);
      // The page goes on by itself.
      expect(await textOf(response.body)).toContain(ASK_AGAIN_PART.body);
    }
    expect(world.heard).toEqual([]);
    world.app.entrance.isPaused = false;
    const ann = tab(world, 'ann');
    if (rules.passphrase !== undefined) await ann.enter(PASSPHRASE);
    expect((await ann.ask({})).head.status).toBe(200);
  },
);
