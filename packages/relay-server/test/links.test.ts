import type { DialClient } from '@wingman/node-kit';
import { describe, expect, test } from '@jest/globals';
import {
  LIMITS,
  Link,
  memoryCarrierPair,
  Mux,
  newLinkId,
  type MemoryCarrier,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { LinkTable } from '../src/tunnel/links.js';
import { FakeClock, settle } from './support/fake-clock.js';
import { until } from './support/until.js';

function tableOf(maxViewers: number, clock = new FakeClock()) {
  const log: string[] = [];
  const opened: Link[] = [];
  const broken = { count: 0 };
  const table = new LinkTable({
    maxViewers,
    clock,
    events: {
      opened: (link, via) => {
        opened.push(link);
        new Mux(link);
        log.push(`opened ${via}`);
      },
      joined: (_viewer, path) => log.push(`joined ${path}`),
      pathChanged: (_viewer, { from, to, change }) => log.push(`${from} -> ${to}: ${change}`),
      relayBroken: () => (broken.count += 1),
      left: (_viewer, reason) => log.push(`left ${reason}`),
    },
  });
  return { table, log, clock, opened, broken };
}

/** A viewer's side of a link, and its carriers as the host gets them. */
function viewer(clock: FakeClock) {
  const link = new Link({ id: newLinkId(), role: 'initiator', clock });
  new Mux(link);
  const carriers: MemoryCarrier[] = [];
  return {
    link,
    carriers,
    carrier: (kind: 'p2p' | 'turn' | 'relay') => {
      const [mine, theirs] = memoryCarrierPair();
      carriers.push(mine);
      link.attach(mine, kind);
      return theirs;
    },
  };
}

describe('viewers', () => {
  test('whose channel finds a way past the TURN server are told as upgraded', () => {
    const { table, log, clock } = tableOf(2);
    const tab = viewer(clock);
    const tell = table.attachChannel(tab.link.id, tab.carrier('turn'), 'turn');
    tell('turn');
    tell('p2p');
    tell('turn');
    expect(log).toEqual([
      ...['opened viewer', 'joined turn', 'turn -> p2p: upgraded', 'p2p -> turn: chosen'],
    ]);
  });

  test('of one browser are known as such, and stay what they were first said to be', () => {
    const { table, clock } = tableOf(2);
    const [one, other] = [viewer(clock), viewer(clock)];
    const [browser, forged] = ['a'.repeat(32), 'b'.repeat(32)];
    const [first, last] = ['192.0.2.1', '2001:db8::1'];
    const attach = (client: DialClient): void =>
      void table.attachViewer(one.link.id, one.carrier('relay'), 'relay', client);
    attach({ browser, address: first });
    expect(table.addressOf(one.link.id)).toBe(first);
    attach({ browser: forged, address: last });
    table.attachViewer(other.link.id, other.carrier('p2p'), 'p2p');
    expect(table.browserOf(one.link.id)).toBe(browser);
    expect(table.browserOf(other.link.id)).toBe(other.link.id);
    // Unlike its browser, a tab may change its network.
    expect([one, other].map(({ link }) => table.addressOf(link.id))).toEqual([last, undefined]);
  });

  test('are described from their joining to their leaving, with the round trip of the path that carries', async () => {
    const { table, clock } = tableOf(1);
    const tab = viewer(clock);
    const { id } = tab.link;
    expect(table.viewOf(id)).toBeUndefined();
    table.attachViewer(id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    clock.advance(LIMITS.heartbeatMs);
    await until(() => table.viewOf(id)?.rttMs !== null, 'a ping is answered');
    expect(table.viewOf(id)).toEqual({ path: 'relay', rttMs: 0 });
    tab.carriers[0]?.close(1000, 'gone');
    await until(() => table.viewOf(id)?.path === 'offline', 'the path is gone');
    expect(table.viewOf(id)).toEqual({ path: 'offline', rttMs: null });
    table.close('SESSION_ENDED');
    expect(table.viewOf(id)).toBeUndefined();
  });

  test('join, switch, fall back, go and are forgotten', async () => {
    const { table, log, clock } = tableOf(2);
    const tab = viewer(clock);
    const { id } = tab.link;
    table.attachViewer(id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.attachViewer(id, tab.carrier('p2p'), 'p2p');
    await until(() => tab.link.attachment('p2p')?.state === 'ready', 'p2p is ready');
    tab.link.use('p2p');
    await until(() => log.length === 3, 'upgraded');
    tab.link.use('relay');
    await until(() => log.length === 4, 'chosen');
    tab.link.use('p2p');
    await until(() => log.length === 5, 'upgraded again');
    tab.carriers[1]?.cut();
    await until(() => log.length === 6, 'fell back');
    tab.carriers[0]?.cut();
    await until(() => log.length === 7, 'lost');
    table.attachViewer(id, tab.carrier('relay'), 'relay');
    await until(() => log.length === 8, 'back');
    tab.link.close('LINK_CLOSED');
    await until(() => table.viewerCount === 0, 'left');
    expect(log).toEqual([
      'opened viewer',
      'joined relay',
      'relay -> p2p: upgraded',
      'p2p -> relay: chosen',
      'relay -> p2p: upgraded',
      'p2p -> relay: fell-back',
      'relay -> offline: lost',
      'offline -> relay: connected',
      'left LINK_CLOSED',
    ]);
    expect(table.admits(newLinkId())).toBe(true);
  });

  test('whose relay breaks under the direct path raise doubts about the tunnel server', async () => {
    const { table, clock, broken } = tableOf(1);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    await until(() => tab.link.attachment('p2p')?.state === 'ready', 'p2p is ready');
    tab.link.use('p2p');
    expect(broken.count).toBe(0);
    tab.carriers[0]?.cut();
    await until(() => broken.count === 1, 'broken');
    expect(table.viewerCount).toBe(1);
  });

  test('one too many is closed, one that is known is not', () => {
    const { table, clock } = tableOf(1);
    const first = viewer(clock);
    const second = viewer(clock);
    expect(table.attachViewer(first.link.id, first.carrier('relay'), 'relay')).toBeDefined();
    const refused = second.carrier('relay');
    expect(table.attachViewer(second.link.id, refused, 'relay')).toBeUndefined();
    expect(refused.isClosed).toBe(true);
    expect(table.admits(first.link.id)).toBe(true);
    expect(table.admits(second.link.id)).toBe(false);
  });

  test('one that has left signaling keeps its link for the grace time, and without a place in the count', async () => {
    const { table, log, clock } = tableOf(1);
    const away = viewer(clock);
    table.attachViewer(away.link.id, away.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(newLinkId());
    away.carriers[0]?.cut();
    table.viewerLeft(away.link.id);
    expect(table.admits(newLinkId())).toBe(true);
    clock.advance(LIMITS.linkGraceMs - 1);
    expect(table.viewerCount).toBe(1);
    clock.advance(1);
    expect(table.viewerCount).toBe(0);
    expect(log.at(-1)).toBe('left LINK_LOST');
  });

  test('one that has come back keeps its link when its paths die again', async () => {
    const { table, clock } = tableOf(1);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id);
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    for (const carrier of tab.carriers) carrier.cut();
    clock.advance(LIMITS.linkGraceMs - 1);
    expect(table.viewerCount).toBe(1);
  });

  test('links of tabs that went without a goodbye are few', async () => {
    const { table, clock } = tableOf(1);
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const tab = viewer(clock);
      table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
      await until(() => table.viewerCount > 0, 'joined');
      tab.carriers[0]?.cut();
      table.viewerLeft(tab.link.id);
      ids.push(tab.link.id);
    }
    expect(table.viewerCount).toBeLessThanOrEqual(HOST_LIMITS.linksPerViewer);
  });

  test('a tab closed for good is freed though a path still lives, once its last requests are over', async () => {
    const { table, log, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isFinal: true });
    clock.advance(HOST_LIMITS.viewerGoodbyeMs - 1);
    expect(table.viewerCount).toBe(1);
    clock.advance(1);
    expect(table.viewerCount).toBe(0);
    expect(log.at(-1)).toBe('left LINK_CLOSED');
  });

  test.each([{ isFinal: true }, { isPresumed: true }])(
    'a server that says %j of a tab again and again leaves no more timers than once',
    async (farewell) => {
      const { table, clock } = tableOf(2);
      const tab = viewer(clock);
      table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
      await until(() => table.viewerCount === 1, 'joined');
      table.viewerLeft(tab.link.id, farewell);
      const timers = clock.pending.length;
      for (let count = 0; count < 100; count += 1) table.viewerLeft(tab.link.id, farewell);
      expect(clock.pending).toHaveLength(timers);
    },
  );

  test('a tab that is presumed gone keeps its link for as long as a path lives', async () => {
    const { table, log, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isPresumed: true });
    clock.advance(HOST_LIMITS.viewerGoodbyeMs);
    expect(table.viewerCount).toBe(1);
    for (const carrier of tab.carriers) carrier.cut();
    expect(table.viewerCount).toBe(0);
    expect(log.at(-1)).toBe('left LINK_CLOSED');
  });

  test('a tab that was presumed gone, and whose path has answered, has the grace time again', async () => {
    const { table, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isPresumed: true });
    for (let step = 0; step < 10; step += 1) {
      clock.advance(HOST_LIMITS.presumedGoneMs / 10);
      // The tab answers on its path.
      await settle();
    }
    for (const carrier of tab.carriers) carrier.cut();
    clock.advance(LIMITS.linkGraceMs - 1);
    expect(table.viewerCount).toBe(1);
  });

  test('a tab that is presumed gone and back at signaling has the grace time again', async () => {
    const { table, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isPresumed: true });
    table.viewerBack(tab.link.id);
    for (const carrier of tab.carriers) carrier.cut();
    clock.advance(LIMITS.linkGraceMs - 1);
    expect(table.viewerCount).toBe(1);
  });

  test('a tab that is back at signaling after its goodbye keeps its link', async () => {
    const { table, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isFinal: true });
    table.viewerBack(tab.link.id);
    clock.advance(HOST_LIMITS.viewerGoodbyeMs);
    expect(table.viewerCount).toBe(1);
  });

  test('a tab that is back after all keeps its link', async () => {
    const { table, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.viewerLeft(tab.link.id, { isFinal: true });
    table.attachViewer(tab.link.id, tab.carrier('p2p'), 'p2p');
    clock.advance(HOST_LIMITS.viewerGoodbyeMs);
    expect(table.viewerCount).toBe(1);
  });

  test('a tab that reloads at the limit gets its own old place', async () => {
    const { table, clock } = tableOf(1);
    const before = viewer(clock);
    table.attachViewer(before.link.id, before.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    const after = viewer(clock);
    expect(table.admits(after.link.id)).toBe(false);
    table.viewerLeft(before.link.id);
    expect(table.admits(after.link.id)).toBe(false);
    before.carriers[0]?.cut();
    expect(table.admits(after.link.id)).toBe(true);
  });

  test('a session that ends takes everyone along', async () => {
    const { table, log, clock } = tableOf(2);
    const tab = viewer(clock);
    table.attachViewer(tab.link.id, tab.carrier('relay'), 'relay');
    await until(() => table.viewerCount === 1, 'joined');
    table.close('SESSION_ENDED');
    await until(() => tab.link.state === 'closed', 'the viewer knows');
    expect(log.at(-1)).toBe('left SESSION_ENDED');
    expect(tab.link.closeError?.code).toBe('SESSION_ENDED');
  });
});

describe('ingress links', () => {
  test('are no viewers, outlive their carrier for the grace time, and are few', async () => {
    const { table, log, clock, opened } = tableOf(1);
    const servers = [viewer(clock), viewer(clock), viewer(clock)];
    for (const server of servers) table.attachIngress(server.link.id, server.carrier('relay'));
    expect(log).toEqual(['opened ingress', 'opened ingress', 'opened ingress']);
    expect(table.viewerCount).toBe(0);
    expect(opened.map(({ state }) => state === 'closed')).toEqual([true, false, false]);
    await until(() => opened[2]?.state === 'open', 'open');
    servers[2]?.carriers[0]?.cut();
    expect(opened[2]?.state).toBe('waiting');
    clock.advance(LIMITS.linkGraceMs);
    expect(opened[2]?.state).toBe('closed');
  });
});
