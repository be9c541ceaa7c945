import { expect, test } from '@jest/globals';
import { headersFromRaw, headerValue } from '@wingman/protocol';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { answer, head } from './support/fake-host.js';
import { ask, fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { startManual } from './support/manual-host.js';

const MIB = 1024 * 1024;

test('a request reaches the host whole, and says where it came from', async () => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/path?q=1', {
    method: 'PUT',
    headers: {
      'x-own': 'kept',
      connection: 'x-hop',
      'x-hop': 'dropped',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-prefix': '/forged',
      forwarded: 'for=203.0.113.9',
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
    },
    body: 'payload',
  });
  const incoming = await requests.next();
  const { head: asked } = incoming;
  expect(asked).toMatchObject({ method: 'PUT', target: '/path?q=1', hasBody: true });
  expect(asked).toMatchObject({ destination: 'empty', mode: 'cors' });
  const header = (name: string) => headerValue(asked.headers, name);
  expect(header('x-own')).toBe('kept');
  expect(header('x-hop')).toBeUndefined();
  expect(header('x-forwarded-prefix')).toBeUndefined();
  expect(header('forwarded')).toBeUndefined();
  expect(header('transfer-encoding')).toBeUndefined();
  expect(header('x-forwarded-for')).toBe('127.0.0.1');
  expect(header('x-forwarded-host')).toBe(host.name);
  expect(header('x-forwarded-proto')).toBe('http');
  const body = [];
  for await (const chunk of incoming.body) body.push(chunk);
  expect(Buffer.concat(body).toString()).toBe('payload');
  answer(incoming, 201, 'made');
  expect(await answered).toMatchObject({ status: 201, text: 'made' });
});

test('behind a proxy of ours its word on the client counts', async () => {
  const { host, requests, server } = await startManual({ trustProxy: true });
  const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' };
  const answered = fetchWhole(server.port, host.name, '/', { headers });
  const incoming = await requests.next();
  expect(headerValue(incoming.head.headers, 'x-forwarded-for')).toBe('203.0.113.9, 127.0.0.1');
  expect(headerValue(incoming.head.headers, 'x-forwarded-proto')).toBe('https');
  answer(incoming, 200, '');
  await answered;
});

test('the answer keeps its repeated fields, and loses those of one hop', async () => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/');
  const incoming = await requests.next();
  const fields = ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'keep-alive', 'timeout=99', 'x', 'é'];
  incoming.respond({ ...head(200), headers: headersFromRaw(fields) });
  incoming.end();
  const { headers } = await answered;
  expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(headers['keep-alive']).not.toBe('timeout=99');
  expect(headers['x']).toBe('é');
});

test('a head that goes out alone keeps the bytes of its fields', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const incoming = await requests.next();
  incoming.respond({ ...head(200), headers: headersFromRaw(['location', '/\xfcber']) });
  const response = await fetchHead(sent);
  expect(response.headers.location).toBe('/\xfcber');
  incoming.end();
  response.resume();
});

test.each([
  ['Fine', 'Fine'],
  ['\xf6', '\xf6'],
  ['', ''],
  ['\u20ac', ''],
  ['a\x00b', ''],
  ['a\r\nset-cookie: b=1', ''],
])('of the status text %j the client gets %j', async (statusText, reason) => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const incoming = await requests.next();
  incoming.respond({ ...head(200), statusText });
  incoming.end();
  const response = await fetchHead(sent);
  expect([response.statusCode, response.statusMessage]).toEqual([200, reason]);
  expect(response.headers['set-cookie']).toBeUndefined();
  response.resume();
});

test('50 MiB go up and down at once, whole and in pieces', async () => {
  const { host, requests, server } = await startManual();
  const piece = randomBytes(MIB);
  const sent = ask(server.port, host.name, '/echo', { method: 'POST' });
  const response = fetchHead(sent);
  const pieces = async () => {
    for (let index = 0; index < 50; index += 1) {
      if (!sent.write(piece)) await once(sent, 'drain');
    }
    sent.end();
  };
  const echo = async () => {
    const incoming = await requests.next();
    incoming.respond(head(200));
    for await (const chunk of incoming.body) await incoming.write(chunk);
    incoming.end();
  };
  const hash = createHash('sha256');
  const download = async () => {
    for await (const chunk of await response) hash.update(chunk as Buffer);
  };
  await Promise.all([pieces(), echo(), download()]);
  const expected = createHash('sha256');
  for (let index = 0; index < 50; index += 1) expected.update(piece);
  expect(hash.digest('hex')).toBe(expected.digest('hex'));
});

test('a client that reads nothing stops the host after the windows', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const incoming = await requests.next();
  incoming.respond(head(200));
  let written = 0;
  const chunk = randomBytes(256 * 1024);
  const write = async (): Promise<void> => {
    while (written < 200 * MIB) {
      await incoming.write(chunk);
      written += chunk.byteLength;
    }
  };
  write().catch(() => undefined);
  const response = await fetchHead(sent);
  response.pause();
  let before = -1;
  await until(async () => {
    const unchanged = written === before;
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return unchanged;
  });
  expect(written).toBeLessThan(32 * MIB);
  sent.destroy();
  await until(() => incoming.signal.aborted);
});

test('events arrive one by one, before the answer has ended', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/events');
  sent.end();
  const incoming = await requests.next();
  incoming.respond(head(200, { 'content-type': 'text/event-stream' }));
  const response = await fetchHead(sent);
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    const coming = once(response, 'data') as Promise<[Buffer]>;
    await incoming.write(Buffer.from(text));
    const [chunk] = await coming;
    expect(chunk.toString()).toBe(text);
  }
  incoming.end();
  await once(response, 'end');
});

test('trailers follow the body in both directions', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/', { method: 'POST', headers: { trailer: 'x-sum' } });
  sent.write('body');
  sent.addTrailers({ 'x-sum': '42' });
  sent.end();
  const incoming = await requests.next();
  for await (const chunk of incoming.body) expect(Buffer.from(chunk).toString()).toBe('body');
  expect(headerValue(await incoming.requestTrailers, 'x-sum')).toBe('42');
  incoming.respond(head(200));
  await incoming.write(Buffer.from('answer'));
  incoming.end(headersFromRaw(['x-check', 'ok']));
  const response = await fetchHead(sent);
  response.resume();
  await once(response, 'end');
  expect(response.trailers['x-check']).toBe('ok');
});

test('early hints come before the answer', async () => {
  const { host, requests, server } = await startManual();
  const sent = ask(server.port, host.name, '/');
  sent.end();
  const information = once(sent, 'information');
  const incoming = await requests.next();
  incoming.informational(head(103, { link: '</a.css>; rel=preload; as=style' }));
  const [hint] = (await information) as [{ statusCode: number }];
  expect(hint.statusCode).toBe(103);
  answer(incoming, 200, 'done');
  (await fetchHead(sent)).resume();
});

test.each([
  ['HEAD', 200],
  ['GET', 204],
  ['GET', 304],
])('%s answered with %i has no body, and the connection stays good', async (method, status) => {
  const { host, requests, server } = await startManual();
  const answered = fetchWhole(server.port, host.name, '/', { method });
  const incoming = await requests.next();
  incoming.respond(head(status, status === 200 ? { 'content-length': '5' } : {}));
  incoming.end();
  const { body, headers, status: received } = await answered;
  expect({ received, length: body.byteLength }).toEqual({ received: status, length: 0 });
  if (status === 200) expect(headers['content-length']).toBe('5');
});
