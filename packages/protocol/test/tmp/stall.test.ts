import { test } from '@jest/globals';
import { FakeClock } from '../support/fake-clock.js';
import { faultyPair } from '../support/faulty-carrier.js';
import { LINK_ID } from '../support/linked-pair.js';
import { Link } from '../../src/link/link.js';

for (const [rtt, stall] of [[30, 300],[30,1000],[30,3000],[200, 400],[200, 1000],[200, 3000]] as const) test(`stall ${rtt} ${stall}`, async () => {
  const clock = new FakeClock();
  const viewer = new Link({ id: LINK_ID, role: 'initiator', clock, preference: 'auto' });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  const arrivals: number[] = [];
  const moves: string[] = [];
  viewer.start({ frame: () => void arrivals.push(clock.now()), writable: () => undefined, closed: () => undefined });
  host.start({ frame: () => undefined, writable: () => undefined, closed: () => undefined });
  host.on('path', () => moves.push(`${clock.now()} ${host.path}`));
  let isHeld = false;
  const [rl, rr] = faultyPair({ clock, delayMs: (rtt + 50) / 2 });
  host.attach(rl, 'relay'); viewer.attach(rr, 'relay');
  await clock.advance(1000);
  const [l, r] = faultyPair({ clock, delayMs: rtt / 2, isDeaf: () => isHeld });
  host.attach(l, 'p2p'); viewer.attach(r, 'p2p');
  await clock.advance(3000);
  let n = 0;
  const send = (): void => {
    if (host.writable) { host.send([new Uint8Array(10_000)]); n += 1; }
    clock.setTimeout(send, 5);
  };
  send();
  await clock.advance(3000);
  const t0 = clock.now();
  isHeld = true;
  await clock.advance(stall);
  isHeld = false;
  await clock.advance(8000);
  const gaps = arrivals.slice(1).map((t, i) => [t - arrivals[i]!, arrivals[i]! - t0] as const);
  gaps.sort((a, b) => b[0] - a[0]);
  console.log(rtt, stall, 'gaps', JSON.stringify(gaps.slice(0, 4)), 'sent', n, moves.map((m) => `${Number(m.split(' ')[0]) - t0} ${m.split(' ')[1]}`).join(', '));
});
