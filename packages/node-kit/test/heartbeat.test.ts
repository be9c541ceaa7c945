import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { FakeClock } from '../../protocol/test/support/fake-clock.js';
import { Heartbeat } from '../src/heartbeat.js';
import { closePairs, openPair, type SocketPair } from './support/socket-pair.js';

const EVERY_MS = 15_000;
const PROBE_MS = 2_000;

let clock: FakeClock;
let pair: SocketPair;
let heartbeat: Heartbeat;
let deaths: number;

beforeEach(() => {
  clock = new FakeClock();
  deaths = 0;
});

afterEach(closePairs);

/** A server's end that is watched; a peer that `answers` sends pongs by itself. */
async function watch({
  answers,
  allowedMisses = 2,
  sparesHeard = false,
  ...rest
}: {
  answers: boolean;
  allowedMisses?: number;
  sparesHeard?: boolean;
  answerMs?: number;
}) {
  pair = await openPair({ autoPong: answers });
  heartbeat = new Heartbeat(pair.server, pair.serverTransport, {
    clock,
    everyMs: EVERY_MS,
    ...{ allowedMisses, sparesHeard, ...rest },
    onDead: () => (deaths += 1),
  });
}

/** One heartbeat later; what the peer has answered has arrived. */
async function beat(milliseconds = EVERY_MS): Promise<void> {
  const answered = once(pair.server, 'pong');
  await clock.advance(milliseconds);
  await answered;
}

const isOpen = (): boolean => pair.server.readyState === pair.server.OPEN;

describe('a heartbeat', () => {
  test('leaves a peer alone that answers', async () => {
    await watch({ answers: true, allowedMisses: 0 });
    for (let count = 0; count < 6; count += 1) {
      pair.client.send('still here');
      await once(pair.server, 'message');
      await beat();
    }
    expect(isOpen()).toBe(true);
    expect(deaths).toBe(0);
  });

  test('cuts a silent peer off after the misses allowed', async () => {
    await watch({ answers: false });
    await clock.advance(EVERY_MS * 3);
    expect(isOpen()).toBe(true);
    await clock.advance(EVERY_MS);
    expect(isOpen()).toBe(false);
    expect(deaths).toBe(1);
  });

  test('asks before it blames, also when nothing is forgiven', async () => {
    await watch({ answers: false, allowedMisses: 0 });
    await clock.advance(EVERY_MS);
    expect(isOpen()).toBe(true);
    await clock.advance(EVERY_MS);
    expect(isOpen()).toBe(false);
  });

  test('forgets misses when the peer is heard again', async () => {
    await watch({ answers: false });
    await clock.advance(EVERY_MS * 2);
    pair.client.send('late');
    await once(pair.server, 'message');
    await clock.advance(EVERY_MS * 3);
    expect(isOpen()).toBe(true);
    await clock.advance(EVERY_MS);
    expect(isOpen()).toBe(false);
  });

  test('takes any message as a sign of life', async () => {
    await watch({ answers: false, allowedMisses: 0 });
    for (let count = 0; count < 3; count += 1) {
      pair.client.send('no pong, but alive');
      await once(pair.server, 'message');
      await clock.advance(EVERY_MS);
    }
    expect(isOpen()).toBe(true);
  });

  test('does not blame a peer that we do not read from', async () => {
    await watch({ answers: false });
    pair.server.pause();
    await clock.advance(EVERY_MS * 10);
    expect(isOpen()).toBe(true);
  });

  test('lets a slow reader live while it takes something, and not when it takes nothing', async () => {
    await watch({ answers: false });
    pair.client.on('message', () => undefined);
    const more = Buffer.alloc(64 * 1024);
    const fill = (): void => {
      for (let count = 0; count < 256; count += 1) pair.server.send(more);
    };
    for (let count = 0; count < 4; count += 1) {
      pair.client.pause();
      fill();
      await clock.advance(EVERY_MS);
      expect(pair.serverTransport.writableLength).toBeGreaterThan(0);
      pair.client.resume();
      await once(pair.serverTransport, 'drain');
    }
    expect(isOpen()).toBe(true);
    pair.client.pause();
    fill();
    await clock.advance(EVERY_MS * 4);
    expect(deaths).toBe(1);
  });

  test('ends with its WebSocket', async () => {
    await watch({ answers: true });
    pair.client.close();
    await once(pair.server, 'close');
    expect(clock.timers).toBe(0);
    await clock.advance(EVERY_MS * 10);
    expect(deaths).toBe(0);
  });

  test('leaves a closing WebSocket to its closing handshake', async () => {
    await watch({ answers: false, allowedMisses: 0 });
    pair.client.pause();
    pair.server.close();
    await clock.advance(EVERY_MS * 10);
    expect(deaths).toBe(0);
  });

  test('can be stopped', async () => {
    await watch({ answers: false });
    heartbeat.stop();
    expect(clock.timers).toBe(0);
    await clock.advance(EVERY_MS * 10);
    expect(isOpen()).toBe(true);
  });
});

describe('a heartbeat that spares whom it has heard', () => {
  /** How often the peer is asked. */
  function questions(): () => number {
    let count = 0;
    pair.client.on('ping', () => (count += 1));
    return () => count;
  }

  test('asks a silent peer at every other beat', async () => {
    await watch({ answers: true, sparesHeard: true });
    const asked = questions();
    for (let count = 1; count <= 4; count += 1) {
      await beat();
      expect(asked()).toBe(count);
      await clock.advance(EVERY_MS);
    }
    expect(isOpen()).toBe(true);
  });

  test('asks nobody who speaks', async () => {
    await watch({ answers: true, sparesHeard: true });
    const asked = questions();
    for (let count = 0; count < 5; count += 1) {
      pair.client.send('here');
      await once(pair.server, 'message');
      await clock.advance(EVERY_MS);
    }
    await beat();
    expect(asked()).toBe(1);
  });

  test.each([false, true])('finds a dead peer as fast (%s)', async (sparesHeard) => {
    await watch({ answers: false, sparesHeard });
    pair.client.send('last words');
    await once(pair.server, 'message');
    await clock.advance(EVERY_MS * 4 - 1);
    expect(isOpen()).toBe(true);
    await clock.advance(1);
    expect(isOpen()).toBe(false);
  });

  test('looks for the answer sooner than at the next beat, where it is told to', async () => {
    await watch({ answers: false, allowedMisses: 1, sparesHeard: true, answerMs: PROBE_MS });
    await clock.advance(EVERY_MS + PROBE_MS);
    expect(isOpen()).toBe(true);
    await clock.advance(PROBE_MS);
    expect(isOpen()).toBe(false);
  });

  test('has asked before it blames', async () => {
    await watch({ answers: false, allowedMisses: 1, sparesHeard: true });
    const asked = questions();
    pair.client.send('last words');
    await once(pair.server, 'message');
    const question = once(pair.client, 'ping');
    await clock.advance(EVERY_MS * 2);
    await question;
    expect([asked(), isOpen()]).toEqual([1, true]);
    await clock.advance(EVERY_MS);
    expect(isOpen()).toBe(false);
  });
});

test('heartbeats that began at different times beat together, none later than it would alone', async () => {
  const beats: number[] = [];
  for (const startsAt of [0, 130, 999]) {
    await clock.advance(startsAt - clock.now());
    await watch({ answers: false });
    pair.client.on('ping', () => undefined);
    const ping = pair.server.ping.bind(pair.server);
    pair.server.ping = (...given: []) => {
      beats.push(clock.now());
      ping(...given);
    };
  }
  await clock.advance(EVERY_MS * 2 - clock.now());
  expect(clock.timers).toBe(1);
  expect(beats).toEqual([EVERY_MS, EVERY_MS, EVERY_MS, 2 * EVERY_MS, 2 * EVERY_MS, 2 * EVERY_MS]);
});

describe('a probe', () => {
  test('cuts off a peer that does not answer soon', async () => {
    await watch({ answers: false });
    heartbeat.probe(PROBE_MS);
    await clock.advance(PROBE_MS - 1);
    expect(isOpen()).toBe(true);
    await clock.advance(1);
    expect(isOpen()).toBe(false);
    expect(deaths).toBe(1);
  });

  test('is passed by an answer, and the usual beat goes on', async () => {
    await watch({ answers: true });
    const answered = once(pair.server, 'pong');
    heartbeat.probe(PROBE_MS);
    await answered;
    await beat(PROBE_MS);
    await beat();
    expect(isOpen()).toBe(true);
  });

  test('is not passed by what came before it', async () => {
    await watch({ answers: false });
    pair.client.send('earlier');
    await once(pair.server, 'message');
    heartbeat.probe(PROBE_MS);
    await clock.advance(PROBE_MS);
    expect(isOpen()).toBe(false);
  });

  test('is not passed by what was on its way when it asked', async () => {
    await watch({ answers: false });
    heartbeat.probe(PROBE_MS);
    pair.client.send('sent before the question arrived');
    await once(pair.server, 'message');
    await clock.advance(PROBE_MS);
    expect(isOpen()).toBe(false);
  });

  test('is not put off by another', async () => {
    await watch({ answers: false });
    heartbeat.probe(PROBE_MS);
    await clock.advance(PROBE_MS - 500);
    heartbeat.probe(PROBE_MS);
    await clock.advance(500);
    expect(isOpen()).toBe(false);
  });

  test('asks nothing of a WebSocket that closes', async () => {
    await watch({ answers: false });
    pair.server.close();
    heartbeat.probe(PROBE_MS);
    await once(pair.server, 'close');
    expect(deaths).toBe(0);
  });
});
