import { expect, test } from '@jest/globals';
import type { IncomingRequest } from '@wingman/protocol';
import type { ClientRequest } from 'node:http';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock, pass } from './support/fake-clock.js';
import { answer, head } from './support/fake-host.js';
import { ask, fetchHead, fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { startSession } from './support/server.js';

/** A host that answers `GET` and holds uploads, and clients that are gone when the test is over. */
async function withUploads(
  run: (world: {
    pass: (milliseconds: number) => Promise<void>;
    held: Set<IncomingRequest>;
    upload: () => ClientRequest;
    expectServed: () => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const held = new Set<IncomingRequest>();
  const request = (incoming: IncomingRequest): void => {
    if (incoming.head.method === 'GET') return answer(incoming, 200, 'served');
    held.add(incoming);
    incoming.signal.addEventListener('abort', () => held.delete(incoming));
  };
  const { host, server } = await startSession({ request }, {}, clock);
  const uploads: ClientRequest[] = [];
  const upload = (): ClientRequest => {
    const headers = { 'content-length': 10 };
    const sent = ask(server.port, host.name, '/', { method: 'POST', headers });
    uploads.push(sent);
    return sent;
  };
  const expectServed = async (): Promise<void> => {
    expect((await fetchWhole(server.port, host.name, '/')).text).toBe('served');
  };
  try {
    await run({ pass: (ms) => pass(clock, host, ms), held, upload, expectServed });
  } finally {
    // On a clock that stands still the server would wait for them as it shuts down.
    for (const sent of uploads) sent.destroy();
  }
}

test('uploads that stop are refused with 408, and give their places back', () =>
  withUploads(async ({ pass, held, upload, expectServed }) => {
    const answers = Array.from({ length: 100 }, () => {
      const sent = upload();
      sent.write('half');
      return fetchHead(sent);
    });
    await until(() => held.size === 100);
    await pass(SERVER_LIMITS.uploadIdleMs / 2);
    await expectServed();
    expect(held.size).toBe(100);
    await pass(SERVER_LIMITS.uploadIdleMs / 2);
    await until(() => held.size === 0);
    for (const answered of answers) {
      const { statusCode, headers } = await answered;
      expect([statusCode, headers['wingman-error']]).toEqual([408, 'UPLOAD_TIMEOUT']);
      expect(headers.connection).toBe('close');
    }
    await expectServed();
  }));

test('an upload that goes on slowly, or whose answer has begun, takes its time', () =>
  withUploads(async ({ pass, held, upload }) => {
    const slow = upload();
    const answered = fetchHead(slow);
    slow.write('1');
    await until(() => held.size === 1);
    const [incoming] = held;
    if (incoming === undefined) throw new Error('no upload');
    const received = count(incoming);
    for (const byte of '23456789') {
      await pass(SERVER_LIMITS.uploadIdleMs - 1_000);
      slow.write(byte);
      await until(() => received.bytes === Number(byte));
    }
    incoming.respond(head(200));
    expect((await answered).statusCode).toBe(200);
    await pass(2 * SERVER_LIMITS.uploadIdleMs);
    expect(held.size).toBe(1);
    slow.destroy();
    await until(() => held.size === 0);
  }));

/** How many bytes of an upload have come; read on until it ends. */
function count(incoming: IncomingRequest): { bytes: number } {
  const received = { bytes: 0 };
  const read = async (): Promise<void> => {
    for await (const chunk of incoming.body) received.bytes += chunk.byteLength;
  };
  read().catch(() => undefined);
  return received;
}
