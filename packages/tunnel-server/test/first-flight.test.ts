import { expect, test } from '@jest/globals';
import {
  decodeMessage,
  DialPreface,
  encodeRecord,
  newLinkId,
  RecordReader,
  VIEWER_COOKIE,
} from '@wingman/protocol';
import { request, type IncomingMessage } from 'node:http';
import { SERVER_LIMITS } from '../src/limits.js';
import type { FakeHost } from './support/fake-host.js';
import { RELAY_HELLO } from './support/fake-host.js';
import { until } from './support/inbox.js';
import { startSession } from './support/server.js';

interface Flight {
  response: IncomingMessage;
  next(): Promise<string>;
  abort(): void;
}

/** A flight whose answer has not come yet. */
type Call = Promise<Flight> & { abort(): void };

/** POSTs a first flight; the answer's records are read one by one. */
function fly(
  host: FakeHost,
  body: Uint8Array,
  { origin = `http://${host.name}`, path = host.doorPath('relay', newLinkId()), cookie = '' } = {},
): Call {
  const outgoing = request({
    host: '127.0.0.1',
    port: host.port,
    path,
    method: 'POST',
    headers: { host: host.name, origin, cookie },
  });
  const abort = (): void => void outgoing.destroy();
  const answer = new Promise<Flight>((resolve, reject) => {
    outgoing.on('response', (response: IncomingMessage) => {
      const reader = new RecordReader();
      const messages: Uint8Array[] = [];
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        if (response.statusCode === 200) messages.push(...reader.push(chunk));
      });
      const next = async (): Promise<string> => {
        await until(() => messages.length > 0);
        return Buffer.from(messages.shift() ?? []).toString();
      };
      resolve({ response, next, abort });
    });
    outgoing.on('error', reject).end(body);
  });
  return Object.assign(answer, { abort });
}

const records = (...texts: string[]): Buffer =>
  Buffer.concat(texts.map((text) => encodeRecord(Buffer.from(text))));

const dialRequest = (host: FakeHost) => host.received.find((item) => item?.$case === 'dialRequest');

test('messages in the body reach the host in order, and its own stream back', async () => {
  const { host, server } = await startSession();
  const flight = await fly(host, records('one', 'two'));
  const hostEnd = await host.relays.next();
  expect((await hostEnd.messages.next()).toString()).toBe('one');
  expect((await hostEnd.messages.next()).toString()).toBe('two');
  hostEnd.send(Buffer.from('three'));
  expect(await flight.next()).toBe(RELAY_HELLO.toString());
  expect(await flight.next()).toBe('three');
  expect(await server.metrics.value('wingman_relay_bytes_total', { direction: 'to_host' })).toBe(6);
});

test('the host is told whose browser it is and where', async () => {
  const { host } = await startSession();
  const id = newLinkId();
  await fly(host, records('one'), { cookie: `${VIEWER_COOKIE}=${id}` });
  const { preface } = await host.relays.next();
  const { clientAddress, viewerId } = decodeMessage(DialPreface, await preface.next());
  expect([viewerId, clientAddress]).toEqual([id, '127.0.0.1']);
});

test('the viewer’s leaving closes the host’s end, and the other way round', async () => {
  const { host } = await startSession();
  const left = await fly(host, records('one'));
  const hostEnd = await host.relays.next();
  left.abort();
  await hostEnd.closed;
  const cut = await fly(host, records('one'));
  const ended = new Promise((resolve) => cut.response.once('end', resolve));
  (await host.relays.next()).socket.close();
  await ended;
});

test('flights that leave while the host is called give their places back', async () => {
  const { host } = await startSession({ dials: false }, { maxViewers: 1 });
  const places = 1 + SERVER_LIMITS.viewerSocketSlack;
  const calls = Array.from({ length: places }, () => fly(host, records('one')));
  // One for the spare, and one for each flight that has its place.
  for (let index = 0; index <= places; index += 1) await dialRequest(host);
  const full = await fly(host, records('one'));
  expect(full.response.statusCode).toBe(503);
  expect(full.response.headers['wingman-error']).toBe('LIMIT_EXCEEDED');
  for (const call of calls) call.abort();
  await Promise.allSettled(calls);
  for (let index = 0; index < places; index += 1) (await host.dial('relay')).send(RELAY_HELLO);
  expect((await fly(host, records('here'))).response.statusCode).toBe(200);
});

test('what the host has dialled for a flight that has left serves the next', async () => {
  const { host } = await startSession({ dials: false });
  const left = fly(host, records('gone'));
  // The first is for the spare, the second for the flight.
  await dialRequest(host);
  await dialRequest(host);
  left.abort();
  await expect(left).rejects.toThrow();
  const hostEnd = await host.dial('relay');
  hostEnd.send(RELAY_HELLO);
  await fly(host, records('here'));
  expect((await hostEnd.messages.next()).toString()).toBe('here');
});

test.each<[string, Uint8Array]>([
  ['nothing', Buffer.alloc(0)],
  ['half a message', records('one').subarray(0, 5)],
  ['too many messages', records(...Array.from({ length: 17 }, () => 'x'))],
  ['too many bytes', records(...Array.from({ length: 9 }, () => 'x'.repeat(8_000)))],
])('a body of %s is refused', async (_name, body) => {
  const { host } = await startSession();
  expect(body.byteLength).toBeLessThan(2 * SERVER_LIMITS.firstFlightBytes);
  expect((await fly(host, body)).response.statusCode).toBe(400);
});

test.each(['http://evil.example', 'null', ''])('a flight from %j is refused', async (origin) => {
  const { host } = await startSession();
  expect((await fly(host, records('one'), { origin })).response.statusCode).toBe(403);
});

test('a URL without a link is refused', async () => {
  const { host } = await startSession();
  expect((await fly(host, records('one'), { path: '/__wingman/relay' })).response.statusCode).toBe(
    400,
  );
});
