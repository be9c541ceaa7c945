import { expect, test } from '@jest/globals';
import { Lane } from '../src/link/lane.js';
import { verdictOn } from '../src/link/lane-verdict.js';
import { decodeLinkFrame } from '../src/wire/link-frame.js';
import { MemoryCarrier } from '../src/carrier/memory-carrier.js';
import { FakeClock } from './support/fake-clock.js';

/** A lane of 50 ms round trip whose answers stand behind so much by now that they take 300. */
async function laneWithQueue() {
  const clock = new FakeClock();
  const asked: number[] = [];
  const carrier = new MemoryCarrier((message) => {
    const frame = decodeLinkFrame(message);
    if (frame.type === 'ping') asked.push(frame.nonce);
  });
  const lane = new Lane({ id: 0, kind: 'p2p', carrier, clock });
  lane.transition('ready');
  for (const delay of [50, ...Array<number>(16).fill(300)]) {
    lane.ping();
    await clock.advance(delay);
    lane.heard(10);
    lane.pong(asked.at(-1) ?? 0);
    await clock.advance(100);
  }
  return { clock, lane };
}

/** How long an unanswered question is waited for. */
async function patience({ clock, lane }: Awaited<ReturnType<typeof laneWithQueue>>) {
  lane.ping();
  let waited = 0;
  for (; waited < 5_000 && verdictOn(lane, 0) !== 'overdue'; waited += 50) {
    await clock.advance(50);
    lane.looked();
  }
  return waited;
}

test('answers that queues have made late are waited for longer', async () => {
  const waited = await patience(await laneWithQueue());
  expect(waited).toBeGreaterThan(1_200);
  expect(waited).toBeLessThanOrEqual(1_300);
});

test('but not when the peer has left the lane', async () => {
  const bench = await laneWithQueue();
  bench.lane.left();
  const waited = await patience(bench);
  expect(waited).toBeGreaterThan(400);
  expect(waited).toBeLessThanOrEqual(500);
});
