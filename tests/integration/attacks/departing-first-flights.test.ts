import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  createPass,
  decodeLinkKey,
  deriveGateKey,
  encodeRecord,
  newLinkId,
} from '@wingman/protocol';
import { request } from 'node:http';
import { eventually } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// Somebody with the URL posts first flights and leaves while the host is called; somebody without it is not let in.

const ROUNDS = 3;
/** More than a session's places for relay connections: eight viewers and eight to spare. */
const FLIGHTS = 24;
const LEAVE_AFTER_MS = 1;

type Pass = (link: string) => Promise<string>;

let scene: UnderAttack;

const valid: Pass = async (link) => {
  const key = decodeLinkKey(new URL(scene.victim.ready.url).hash.slice('#k='.length));
  return createPass(await deriveGateKey(key), 'relay', link);
};

beforeAll(async () => {
  scene = await UnderAttack.start();
});

afterAll(() => scene.stop());

/** Posts a first flight that proves nothing; the status of its answer, undefined when it has left before. */
async function fly(pass: Pass, leaveAfterMs?: number): Promise<number | undefined> {
  const { host, origin, port } = new URL(scene.victim.origin);
  const link = newLinkId();
  const path = `/__wingman/relay?link=${link}&pass=${await pass(link)}`;
  return new Promise((resolve) => {
    const headers = { host, origin };
    const flight = request({
      host: '127.0.0.1',
      port,
      path,
      headers,
      method: 'POST',
      agent: false,
    });
    flight.on('error', () => resolve(undefined));
    flight.on('response', ({ statusCode }) => {
      flight.destroy();
      resolve(statusCode);
    });
    flight.end(encodeRecord(Buffer.from('not a handshake')), () => {
      if (leaveAfterMs !== undefined) setTimeout(() => flight.destroy(), leaveAfterMs);
    });
  });
}

test('first flights that leave at once keep no place of the session', async () => {
  await scene.run(async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await Promise.all(Array.from({ length: FLIGHTS }, () => fly(valid, LEAVE_AFTER_MS)));
    }
    await eventually('a place is free again', async () => (await fly(valid)) === 200);
  });
  expect(await scene.isAlive()).toBe(true);
});

test('whoever has only the host name is refused, and calls no host', async () => {
  const statuses = await scene.run(() =>
    Promise.all(Array.from({ length: FLIGHTS }, () => fly(() => Promise.resolve('AAAA')))),
  );
  expect(new Set(statuses)).toEqual(new Set([403]));
  expect(await fly(valid)).toBe(200);
});
