import { describe, expect, test } from '@jest/globals';
import { P2pEvent } from '@wingman/protocol';
import type { P2pClient } from '../src/shell/p2p-client.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { accept, connected, type World } from './support/p2p-world.js';

const VIEWERS = 30;
const MINUTES = 4;
const MINUTE_MS = 60_000;
const STEP_MS = 1_000;
/** Handshakes of a tab in a minute: the successors of silent paths, and two attempts after it was lost. */
const BOUND = BROWSER_LIMITS.p2pRenewals + 2;

/** Completes what is asked for, as a host does that has time for it. */
function complete(client: P2pClient, world: World): void {
  if (client.state === 'asking') client.handle(accept());
  if (client.state !== 'offering') return;
  client.workerSays(world.peers.length, 'open', false);
  client.workerSays(world.peers.length, 'ready', false);
}

const handshakes = (world: World): number =>
  world.reports().filter(({ event }) => event === P2pEvent.CONNECTED).length;

/** What happens to the path of a tab each second: most of it by the n-th tab's own turn. */
type Trouble = (client: P2pClient, world: World, second: number) => void;

/** Handshakes of each tab, minute by minute. */
async function handshakesUnder(trouble: Trouble): Promise<number[][]> {
  const tabs = await Promise.all(Array.from({ length: VIEWERS }, () => connected()));
  const minutes: number[][] = [];
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const before = tabs.map(({ world }) => handshakes(world));
    for (let second = 0; second < MINUTE_MS / STEP_MS; second += 1) {
      await Promise.all(tabs.map(({ world }) => world.clock.advance(STEP_MS)));
      tabs.forEach(({ client, world }, n) => {
        trouble(client, world, second + n);
        complete(client, world);
      });
    }
    minutes.push(tabs.map(({ world }, n) => handshakes(world) - (before[n] ?? 0)));
  }
  return minutes;
}

describe('thirty tabs of an overloaded host make so many connections in a minute, and no more', () => {
  test('while their paths fall silent and recover', async () => {
    const minutes = await handshakesUnder((client, _, second) => client.heard(second % 4 !== 0));
    expect(Math.max(...minutes.flat())).toBe(BROWSER_LIMITS.p2pRenewals);
  });

  test('while their paths are lost a second after they are there', async () => {
    const minutes = await handshakesUnder((client, world) => {
      if (client.state === 'connected') client.workerSays(world.peers.length, 'lost', false);
    });
    expect(Math.max(...minutes.flat())).toBeLessThanOrEqual(BOUND);
    // Nobody has given up.
    expect(Math.min(...(minutes.at(-1) ?? []))).toBeGreaterThan(0);
  });
});

test('a path that has lasted is made good as fast as the first time', async () => {
  const { client, world } = await connected();
  for (let round = 1; round < 4; round += 1) {
    await world.clock.advance(BROWSER_LIMITS.p2pSteadyMs);
    client.workerSays(round, 'lost', false);
    await world.clock.advance(BROWSER_LIMITS.p2pRetryMinMs);
    expect(client.state).toBe('asking');
    complete(client, world);
    expect(client.state).toBe('connected');
  }
});
