import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import { SERVER_LIMITS } from '../src/limits.js';
import { answer, FakeHost, head } from './support/fake-host.js';
import { ask, fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { startManual } from './support/manual-host.js';
import { startSession } from './support/server.js';

test('a client that goes away cancels the exchange', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/slow');
  sent.on('error', () => undefined);
  sent.end();
  const incoming = await requests.next();
  sent.destroy();
  await until(() => incoming.signal.aborted);
  expect(incoming.signal.reason).toMatchObject({ code: 'CANCELLED' });
  await until(
    async () =>
      (await server.metrics.value('wingman_ingress_requests_total', { status: '499' })) === 1,
  );
});

/** Sends requests on one connection, none waiting for the answer to the one before. */
function pipeline(host: FakeHost, paths: readonly string[]) {
  const socket = connect(host.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${host.name}\r\n\r\n`).join(''));
  return { socket, text: () => Buffer.concat(received).toString() };
}

test('pipelined requests reach the app one after another, and are answered in order', async () => {
  const { host, requests } = await startManual();
  const { socket, text } = pipeline(host, ['/1', '/2', '/3']);
  for (const target of ['/1', '/2', '/3']) {
    const incoming = await requests.next();
    expect(incoming.head.target).toBe(target);
    expect(requests.size).toBe(0);
    answer(incoming, 200, `answer to ${target}`);
  }
  await until(() => text().includes('/3'));
  expect(text().match(/answer to \/\d/g)).toEqual(['answer to /1', 'answer to /2', 'answer to /3']);
  socket.destroy();
});

test('what waits behind another request leaves with its client, and was never asked of the app', async () => {
  const { host, requests } = await startManual();
  const { socket } = pipeline(host, ['/1', '/2']);
  const incoming = await requests.next();
  socket.destroy();
  await until(() => incoming.signal.aborted);
  const answered = fetchWhole(host.port, host.name, '/next');
  const next = await requests.next();
  expect(next.head.target).toBe('/next');
  answer(next, 200, 'here');
  expect((await answered).text).toBe('here');
});

test('a connection with too many requests waiting is cut off', async () => {
  const { host, requests } = await startManual();
  const paths = Array.from({ length: SERVER_LIMITS.pipelinedRequests + 2 }, () => '/');
  const { socket } = pipeline(host, paths);
  await once(socket, 'close');
  await until(async () => requests.size === 0 || (await requests.next()).signal.aborted);
  expect(requests.size).toBe(0);
});

test.each(['content-length', 'chunks', 'HTTP/1.0'])(
  'an app that breaks off breaks the connection, never a clean end (%s)',
  async (framing) => {
    const { host, requests, server } = await startManual();
    const version = framing === 'HTTP/1.0' ? '1.0' : '1.1';
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`GET / HTTP/${version}\r\nhost: ${host.name}\r\n\r\n`);
    let text = '';
    socket.on('data', (data: Buffer) => (text += data.toString('latin1')));
    const incoming = await requests.next();
    incoming.respond(head(200, framing === 'content-length' ? { 'content-length': '100' } : {}));
    await incoming.write(Buffer.from('partial'));
    await until(() => text.includes('partial'));
    const error = new Promise<string>((resolve) => {
      socket.once('error', (failure: NodeJS.ErrnoException) => resolve(failure.code ?? ''));
      socket.once('close', () => resolve('closed'));
    });
    incoming.abort('UPSTREAM_ABORTED');
    const how = await error;
    expect(text).not.toContain('\r\n0\r\n');
    if (framing === 'HTTP/1.0') expect(how).toBe('ECONNRESET');
  },
);

test('a host that dies mid-body breaks the connection after the grace time', async () => {
  const { host, requests, server } = await startManual({ hostGraceMs: 100 });
  const sent = ask(server.port, host.name, '/');
  const answered = fetchHead(sent);
  sent.end();
  const incoming = await requests.next();
  incoming.respond(head(200));
  await incoming.write(Buffer.from('partial'));
  const response = await answered;
  const failed = once(response, 'error');
  response.resume();
  host.crash();
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
});

test('an exchange survives the loss of its carrier, whole and once', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/', { method: 'POST' });
  const response = fetchHead(sent);
  sent.write('before ');
  const incoming = await requests.next();
  incoming.respond(head(200));
  const body = incoming.body[Symbol.asyncIterator]();
  const text = async () => Buffer.from((await body.next()).value as Uint8Array).toString();
  expect(await text()).toBe('before ');
  host.ingressSockets[0]?.socket.terminate();
  sent.end('after');
  expect(await text()).toBe('after');
  expect((await body.next()).done).toBe(true);
  await until(() => host.ingressSockets.length === 2);
  await incoming.write(Buffer.from('answer'));
  incoming.end();
  const chunks = [];
  for await (const chunk of await response) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toBe('answer');
  expect(requests.size).toBe(0);
});

test('requests that come at once share one dial, and a dead idle link is dialled anew', async () => {
  const { host, server } = await startSession();
  const get = async () => (await fetchWhole(server.port, host.name, '/')).text;
  expect(await Promise.all([get(), get(), get()])).toEqual(['hello', 'hello', 'hello']);
  expect(host.ingressSockets).toHaveLength(1);
  host.ingressSockets[0]?.socket.terminate();
  await host.ingressSockets[0]?.closed;
  await until(async () => (await fetchWhole(server.port, host.name, '/')).status === 200);
  expect(host.ingressSockets).toHaveLength(2);
});

test("the host's own problem pages pass, and are counted by their status", async () => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/');
  const incoming = await requests.next();
  incoming.respond(head(502, { 'wingman-error': 'LOCAL_PORT_REFUSED' }));
  incoming.end();
  const { headers, status } = await answered;
  expect(status).toBe(502);
  expect(headers['wingman-error']).toBe('LOCAL_PORT_REFUSED');
  const count = () => server.metrics.value('wingman_ingress_requests_total', { status: '502' });
  await until(async () => (await count()) === 1);
});

test('an exchange that fails before its answer ends in a page', async () => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/', { headers: { accept: 'text/html' } });
  (await requests.next()).abort('UPSTREAM_ABORTED');
  const { headers, status, text } = await answered;
  expect(status).toBe(502);
  expect(headers['wingman-error']).toBe('UPSTREAM_ABORTED');
  expect(text).toContain('<h1>');
});

test('a header field that would split the answer is a problem, not a split answer', async () => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/');
  (await requests.next()).respond(head(200, { x: 'a\r\nset-cookie: b=1' }));
  const { headers, status } = await answered;
  expect(status).toBe(500);
  expect(headers['set-cookie']).toBeUndefined();
});

test('a host that takes no ingress is left alone', async () => {
  const { host, server } = await startSession({ ingressAllowed: false });
  const { headers, status } = await fetchWhole(server.port, host.name, '/');
  expect(status).toBe(403);
  expect(headers['wingman-error']).toBe('INGRESS_REFUSED');
  expect(host.ingressSockets).toEqual([]);
});

test('a host that replaces another answers the next request', async () => {
  const { host, server } = await startSession();
  expect((await fetchWhole(server.port, host.name, '/')).text).toBe('hello');
  const newer = await FakeHost.start(server.port, {
    keys: host.keys,
    takeOver: true,
    request: (incoming) => answer(incoming, 200, 'newer'),
  });
  host.crash();
  await until(async () => (await fetchWhole(server.port, newer.name, '/')).text === 'newer');
});
