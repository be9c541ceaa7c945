import { describe, expect, test } from '@jest/globals';
import { MASK, type ExchangeDetail, type ReplayRequest } from '@wingman/inspector';
import { openWebSocket, request } from '@wingman/protocol';
import { WebSocketServer } from 'ws';
import { LocalApp } from '../../src/exchange/local-app.js';
import { startInspector } from '../../src/inspector/inspector.js';
import { followed, inspected, type Inspected } from '../support/inspected.js';
import { cleanups } from '../support/cleanups.js';
import { listeners } from '../support/servers.js';
import { requestHead, textOf, webSocketOpen } from '../support/tunnel.js';
import { until } from '../support/until.js';

/** Asks the app through the tunnel. */
async function visit({ tunnel }: Inspected, fields: Parameters<typeof requestHead>[0], body = '') {
  const head = requestHead({ ...fields, hasBody: body !== '' });
  const pieces = (async function* () {
    yield await Promise.resolve(Buffer.from(body));
  })();
  const response = await request(tunnel.mux, head, body === '' ? {} : { body: pieces });
  return textOf(response.body);
}

/** An app that says what it was asked. */
const echoing = () =>
  inspected((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }),
      );
    });
  });

/** The exchange once it has ended; as it is after 20 s otherwise. */
async function detail(inspected: Inspected, id: number, query = ''): Promise<ExchangeDetail> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { text } = await inspected.api(`exchanges/${id}${query}`);
    const told = JSON.parse(text) as ExchangeDetail;
    if (told.outcome !== 'running' || Date.now() > deadline) return told;
  }
}

test('a page is told of what was there, and then of what comes', async () => {
  const host = await echoing();
  await visit(host, { target: '/first' });
  const { seen, find } = await followed(host, 'events');
  const tells = (target: string) => (event: Record<string, unknown>) =>
    JSON.stringify(event['exchanges'] ?? []).includes(`"target":"${target}"`);
  await find('what was there', tells('/first'));
  await visit(host, { target: '/second' });
  await find('what comes', tells('/second'));
  await find('the viewers', ({ event }) => event === 'viewers');
  await host.api('clear', 'POST');
  await find('the clearing', ({ event }) => event === 'cleared');
  expect(seen.filter(tells('/first')).length).toBeGreaterThan(0);
  expect((await host.api('exchanges/1')).status).toBe(404);
});

test('an exchange is told with its heads and bodies', async () => {
  const host = await echoing();
  await visit(
    host,
    { method: 'POST', target: '/x', headers: ['authorization', 'Basic abc'] },
    'hi',
  );
  const told = await detail(host, 1);
  expect(told).toMatchObject({
    ...{ method: 'POST', target: '/x', status: 200, type: 'application/json' },
    ...{ outcome: 'complete', path: 'relay', upload: 2, hasSecrets: true },
    requestBody: { bytes: 2, kept: 2, isComplete: true },
  });
  expect(told.sent).toContainEqual({
    name: 'authorization',
    value: `Basic ${MASK}`,
    isSecret: true,
  });
  expect((await detail(host, 1, '?secrets=1')).sent).toContainEqual(
    expect.objectContaining({ value: 'Basic abc' }),
  );
  const body = await host.api('exchanges/1/body/request');
  expect([body.text, body.headers['content-type']]).toEqual(['hi', 'application/octet-stream']);
  expect((await host.api('exchanges/1/body/response')).text).toContain('"url":"/x"');
  expect((await host.api('exchanges/1/curl')).text).toContain(`-X 'POST'`);
  expect(JSON.parse((await host.api('har?ids=1')).text)).toMatchObject({
    log: { entries: [{ request: { method: 'POST' } }] },
  });
});

test.each([
  ['exchanges/0', 400],
  ['exchanges/x', 400],
  ['exchanges/77', 404],
  ['nothing', 404],
])('%s is answered with %i', async (path, status) => {
  expect((await (await echoing()).api(path)).status).toBe(status);
});

describe('a replay', () => {
  const edited = (fields: Partial<ReplayRequest>): ReplayRequest => ({
    ...{ of: 1, method: 'PUT', target: '/again?b=2', headers: [{ name: 'X-New', value: '1' }] },
    ...fields,
  });

  test('goes to the app as it was edited, with the secrets that were left masked', async () => {
    const host = await echoing();
    await visit(host, { method: 'POST', headers: ['authorization', 'Bearer abc'] }, 'recorded');
    const headers = [
      { name: 'X-New', value: '1' },
      { name: 'authorization', value: `Bearer ${MASK}` },
      { name: 'content-length', value: '999' },
    ];
    const { id } = JSON.parse((await host.api('replay', 'POST', edited({ headers }))).text) as {
      id: number;
    };
    expect(await detail(host, id)).toMatchObject({ path: 'replay', viewer: '', status: 200 });
    const { text } = await host.api(`exchanges/${id}/body/response`);
    expect(JSON.parse(text)).toMatchObject({
      ...{ method: 'PUT', url: '/again?b=2', body: 'recorded' },
      headers: { 'x-new': '1', authorization: 'Bearer abc', 'content-length': '8' },
    });
  });

  test('may have another body, or none', async () => {
    const host = await echoing();
    await visit(host, { method: 'POST' }, 'recorded');
    for (const body of ['geändert', '']) {
      const { id } = JSON.parse((await host.api('replay', 'POST', edited({ body }))).text) as {
        id: number;
      };
      await detail(host, id);
      const answer = JSON.parse((await host.api(`exchanges/${id}/body/response`)).text) as object;
      expect(answer).toMatchObject({ body });
    }
  });

  test.each([
    ['an unknown exchange', { of: 99 }],
    ['another machine', { target: 'http://example.org/' }],
    ['a line in a field', { headers: [{ name: 'a', value: 'b\r\nc: d' }] }],
    ['a method that is none', { method: 'GET /' }],
  ])('of %s is refused', async (_what, fields) => {
    const host = await echoing();
    await visit(host, {});
    expect((await host.api('replay', 'POST', edited(fields))).status).toBe(400);
  });

  test('of an app that is gone ends with the reason', async () => {
    const host = await echoing();
    await visit(host, {});
    await host.server.close();
    const { id } = JSON.parse((await host.api('replay', 'POST', edited({}))).text) as {
      id: number;
    };
    expect(await detail(host, id)).toMatchObject({
      outcome: 'aborted',
      code: 'LOCAL_PORT_REFUSED',
    });
  });
});

test('the messages of a socket are told as they come', async () => {
  const host = await echoing();
  const sockets = new WebSocketServer({ server: host.server.server });
  cleanups.push(() => sockets.close());
  sockets.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(`got ${(data as Buffer).toString()}`)),
  );
  const socket = openWebSocket(host.tunnel.mux, webSocketOpen({ target: '/ws' }));
  await socket.send('one');
  await socket.receive();
  const { find, seen } = await followed(host, 'exchanges/1/messages');
  await find('the first answer', ({ data }) => data === 'got one');
  await socket.send('two');
  await find('the second answer', ({ data }) => data === 'got two');
  expect(seen).toMatchObject([
    { id: 1, direction: 'upload', data: 'one' },
    { id: 2, direction: 'download' },
    { id: 3, data: 'two' },
    { id: 4 },
  ]);
  socket.close();
});

test('visitors are let in and turned away; there is an answer when that can’t be', async () => {
  const host = await echoing();
  await visit(host, { target: '/', headers: ['user-agent', 'Mozilla/5.0 Firefox/153'] });
  expect((await host.api('visitors/1/refuse', 'POST')).status).toBe(204);
  expect(host.tunnel.app.entrance.visitors).toMatchObject([{ standing: 'refused' }]);
  expect((await host.api('visitors/1/refuse', 'POST')).status).toBe(409);
  expect((await host.api('visitors/1/accept', 'POST')).status).toBe(204);
  expect((await host.api('visitors/9/accept', 'POST')).status).toBe(409);
});

test('the inspector takes no port that browsers refuse', async () => {
  const before = [4040, 4041, 4042, 4043, 4044];
  const app = new LocalApp(1, () => undefined, { alsoPorts: before });
  cleanups.push(() => app.close());
  const host = { app, commons: app.commons };
  const inspector = await startInspector({ main: host, all: [host] });
  cleanups.push(() => inspector.close());
  const { port } = new URL(inspector.url);
  expect([...before, 4045]).not.toContain(Number(port));
});

test('a closed inspector ends its streams, records no more, and frees its port', async () => {
  const host = await echoing();
  const { state } = await followed(host, 'events');
  const before = listeners();
  await host.inspector.close();
  await until(() => state.isOver, 'the end of the stream');
  await until(() => listeners() === before - 1, 'it listens no more');
  await visit(host, {});
});
