import { describe, expect, test } from '@jest/globals';
import { P2pEvent } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { settle } from '../support/fake-clock.js';
import { accept, answer, connected } from '../support/p2p-world.js';

/** A client whose direct path has stood for a while. */
async function established() {
  const { world, client } = await connected();
  await world.clock.advance(BROWSER_LIMITS.p2pRenewMs);
  return { world, client };
}

/** A client whose direct path is silent and whose successor is being made. */
async function renewing() {
  const { world, client } = await established();
  client.heard(false);
  client.handle(accept());
  await settle();
  client.handle(answer(2));
  await settle();
  return { world, client };
}

describe('a direct path that falls silent', () => {
  test('gets a successor at once, and stays until that one is proved', async () => {
    const { world, client } = await established();
    client.heard(false);
    expect([client.state, world.cases().slice(-2)]).toEqual([
      'asking',
      ['connectionRequest', 'connectionState'],
    ]);
    expect(world.reports().at(-1)).toMatchObject({ event: P2pEvent.FALLBACK });
    client.handle(accept());
    await settle();
    expect([client.connectionCount, world.peers[0]?.isClosed]).toEqual([2, false]);
    client.handle(answer(2));
    client.workerSays(2, 'open', false);
    client.workerSays(2, 'ready', false);
    expect([client.state, client.connectionCount]).toEqual(['connected', 1]);
    expect(world.peers.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  test('the successor gathers while the host is asked, and its offer goes out at the accept', async () => {
    const { world, client } = await established();
    client.heard(false);
    expect([world.channels, world.peer().configuration]).toEqual([
      [1, 2],
      { iceServers: [{ urls: ['stun:s'] }] },
    ]);
    world.peer().onicecandidate?.({ candidate: { candidate: 'candidate:9', sdpMid: '0' } });
    await world.clock.advance(BROWSER_LIMITS.p2pAheadMs);
    expect(world.cases().slice(-2)).toEqual(['connectionRequest', 'connectionState']);
    client.handle(accept());
    await settle();
    expect(world.peers).toHaveLength(2);
    expect(world.cases().slice(-3)).toEqual(['connectionState', 'offer', 'iceCandidate']);
  });

  test('what was gathered long before the accept is not offered: the network may be another', async () => {
    const { world, client } = await established();
    client.heard(false);
    await world.clock.advance(BROWSER_LIMITS.p2pAheadMs + 1);
    client.handle(accept());
    await settle();
    expect([world.peers[1]?.isClosed, world.channels, world.ended]).toEqual([true, [1, 2, 3], [2]]);
    expect(world.sent.at(-1)).toMatchObject({ $case: 'offer', value: { attempt: 3 } });
  });

  test('that recovers while the host does not answer goes on, and what was gathered ends', async () => {
    const { world, client } = await established();
    client.heard(false);
    client.heard(true);
    await world.clock.advance(BROWSER_LIMITS.connectionAnswerMs);
    expect([client.state, client.connectionCount, world.ended]).toEqual(['connected', 1, [2]]);
  });

  test('does so when ICE hears nothing', async () => {
    const { world, client } = await established();
    world.peer().connectionState = 'disconnected';
    world.peer().onconnectionstatechange?.();
    expect(client.state).toBe('asking');
  });

  test('soon after it was made has none: the network loses packets', async () => {
    const { world, client } = await connected();
    client.heard(false);
    expect([client.state, world.cases().at(-1)]).toEqual(['connected', 'connectionState']);
  });

  test('waits for signaling when that is away', async () => {
    const { world, client } = await established();
    world.isConnected = false;
    client.heard(false);
    expect([client.state, client.connectionCount]).toEqual(['connected', 1]);
    world.isConnected = true;
    client.signalingOpened();
    expect([client.state, world.cases().at(-2)]).toEqual(['asking', 'connectionRequest']);
  });

  test('is lost while its successor is made, and nothing else ends', async () => {
    const { world, client } = await renewing();
    client.workerSays(1, 'lost', false);
    expect([client.state, client.connectionCount, world.ended]).toEqual(['offering', 1, [1]]);
  });

  test('that has recovered goes on when its successor fails', async () => {
    const { world, client } = await renewing();
    client.heard(true);
    expect(client.state).toBe('offering');
    client.workerSays(2, 'failed', false);
    expect([client.state, client.connectionCount]).toEqual(['connected', 1]);
    expect(world.peers.map(({ isClosed }) => isClosed)).toEqual([false, true]);
    await world.clock.advance(100_000);
    expect(client.state).toBe('connected');
  });

  test('that recovers only after its successor has failed goes on too', async () => {
    const { client } = await renewing();
    client.workerSays(2, 'failed', false);
    expect(client.state).toBe('resting');
    client.heard(true);
    expect([client.state, client.connectionCount]).toEqual(['connected', 1]);
  });

  test('is tried for again and again while it stays silent', async () => {
    const { world, client } = await renewing();
    client.workerSays(2, 'failed', false);
    await world.clock.advance(BROWSER_LIMITS.p2pRetryMinMs);
    expect(client.state).toBe('asking');
    client.handle(accept());
    expect(world.channels).toEqual([1, 2, 3]);
  });

  test('goes with the tab', async () => {
    const { world, client } = await renewing();
    client.close();
    expect(world.peers.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect([client.connectionCount, world.clock.timers]).toEqual([0, 0]);
  });
});
