import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodeRecord, newLinkId } from '@wingman/protocol';
import { request } from 'node:http';
import { eventually } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// Whoever knows only a session's host name posts first flights and leaves while the host is called.

const ROUNDS = 3;
/** More than a session's places for relay connections: eight viewers and eight to spare. */
const FLIGHTS = 24;
const LEAVE_AFTER_MS = 1;

let scene: UnderAttack;

beforeAll(async () => {
  scene = await UnderAttack.start();
});

afterAll(() => scene.stop());

/** Posts a first flight without the key; the status of its answer, undefined when it has left before. */
function flyKeyless(leaveAfterMs?: number): Promise<number | undefined> {
  const { host, origin, port } = new URL(scene.victim.origin);
  return new Promise((resolve) => {
    const path = `/__wingman/relay?link=${newLinkId()}`;
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
      await Promise.all(Array.from({ length: FLIGHTS }, () => flyKeyless(LEAVE_AFTER_MS)));
    }
    await eventually('a place is free again', async () => (await flyKeyless()) === 200, 5_000);
  });
  expect(await scene.isAlive()).toBe(true);
});
