import { describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  LIMITS,
  Link,
  PrekeyRing,
  RecordReader,
  createLinkKey,
  respond,
  type Carrier,
  type ErrorCode,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { RelayConnector, type RelayOptions } from '../../src/worker/relay-connector.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeSocket, FlightHostEnd, HostEnd } from '../support/fake-socket.js';
import { eventually } from '../support/linked-host.js';

const KEY = createLinkKey();
const LINK_ID = '0123456789abcdef0123456789abcdef';

function setUp(more: Partial<RelayOptions> = {}) {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const troubles: ErrorCode[] = [];
  const link = new Link({ id: LINK_ID, role: 'initiator', clock });
  const connector = new RelayConnector({
    ...{ link, key: KEY, url: 'wss://s.example/relay', prekey: null, clock },
    pass: Promise.resolve('the-pass'),
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket.asWebSocket;
    },
    onTrouble: (code) => troubles.push(code),
    ...more,
  });
  return { clock, sockets, troubles, link, connector };
}

/** The longest wait of this attempt, before chance shortens it. */
const waitMs = (attempt: number): number =>
  Math.min(BROWSER_LIMITS.reconnectMaxMs, BROWSER_LIMITS.reconnectMinMs * 2 ** attempt);

/** Lets real cryptography and fake time go on until something is true. */
const until = (clock: FakeClock, check: () => boolean): Promise<void> =>
  eventually(async () => {
    if (!check()) await clock.advance(1);
    return check();
  });

/** The host at the other end, which knows the key. */
async function answer(carrier: Carrier, clock: FakeClock, prekeys?: PrekeyRing): Promise<Link> {
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  const ring = prekeys ?? (await PrekeyRing.create());
  const proven = await respond(carrier, { key: KEY, kind: 'relay', prekeys: ring, clock });
  host.attach(proven.carrier, 'relay');
  return host;
}

describe('the way to the relay', () => {
  test('names the link and shows the pass', async () => {
    const { connector, sockets } = setUp();
    expect(connector.state).toBe('idle');
    connector.connect();
    await settle();
    expect(connector.state).toBe('connecting');
    expect(sockets.map(({ url }) => url)).toEqual([
      `wss://s.example/relay?link=${LINK_ID}&pass=the-pass`,
    ]);
  });

  test('is attached to the link once both sides have proved the key', async () => {
    const { connector, sockets, link, clock } = setUp();
    connector.connect();
    await settle();
    const socket = sockets[0]!;
    const host = answer(new HostEnd(socket), clock);
    socket.opens();
    await until(clock, () => link.attachment('relay')?.isGood === true);
    expect(link.state).toBe('open');
    (await host).close('LINK_CLOSED');
    connector.stop();
  });

  test('is not asked for twice', async () => {
    const { connector, sockets } = setUp();
    connector.connect();
    connector.connect();
    await settle();
    expect(sockets).toHaveLength(1);
  });

  test('is tried again after a wait that doubles, up to a limit', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      sockets.at(-1)?.ends(1006);
      expect(connector.state).toBe('waiting');
      await clock.advance(waitMs(attempt) / 2 - 1);
      expect(sockets).toHaveLength(attempt + 1);
      await clock.advance(waitMs(attempt) / 2 + 1);
      expect(sockets).toHaveLength(attempt + 2);
    }
    connector.stop();
  });

  test('starts with short waits again when the host has been heard', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      sockets.at(-1)?.ends(1006);
      await clock.advance(waitMs(attempt));
    }
    connector.proved();
    sockets.at(-1)?.ends(1006);
    await clock.advance(waitMs(0));
    expect(sockets).toHaveLength(6);
    connector.stop();
  });

  test('is tried at once when somebody asks, and the wait is over then', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    sockets[0]?.ends(1006);
    connector.connect();
    await settle();
    expect([sockets.length, connector.state]).toEqual([2, 'connecting']);
    await clock.advance(waitMs(0));
    expect(sockets).toHaveLength(2);
    connector.stop();
  });

  test('is tried again when the relay does not answer at all', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await clock.advance(BROWSER_LIMITS.socketOpenMs + waitMs(0));
    expect(sockets).toHaveLength(2);
    connector.stop();
  });

  test('ends when the host doesn’t prove the key in time', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    sockets[0]?.opens();
    await clock.advance(LIMITS.handshakeMs - 1);
    expect([connector.state, sockets[0]?.closedWith]).toEqual(['connecting', undefined]);
    await clock.advance(1);
    expect([connector.state, sockets[0]?.closedWith]).toEqual(['waiting', CloseCode.DEAD_PEER]);
    connector.stop();
  });
});

describe('a relay that is silent', () => {
  async function proven() {
    const set = setUp();
    set.connector.connect();
    await settle();
    set.connector.proved();
    return set;
  }

  test('gets a second socket, and keeps the first until the link replaces it', async () => {
    const { connector, sockets, link, clock } = await proven();
    connector.renew();
    connector.renew();
    await settle();
    expect([sockets.length, sockets[0]?.closedWith]).toEqual([2, undefined]);
    const host = answer(new HostEnd(sockets[1]!), clock);
    sockets[1]?.opens();
    await until(clock, () => link.attachment('relay')?.isGood === true);
    sockets[0]?.ends(1006);
    expect(connector.state).toBe('connecting');
    (await host).close('LINK_CLOSED');
    connector.stop();
  });

  test('gets another when the second leads nowhere either', async () => {
    const { connector, sockets, clock } = await proven();
    connector.renew();
    await clock.advance(BROWSER_LIMITS.relayRenewMs);
    expect(connector.state).toBe('waiting');
    await clock.advance(waitMs(0));
    expect(sockets).toHaveLength(3);
    connector.stop();
  });

  test('and was renewed in the old network is tried anew when there is another', async () => {
    const { connector, sockets, clock } = await proven();
    connector.wake();
    connector.renew();
    await clock.advance(BROWSER_LIMITS.relayStuckMs);
    connector.wake();
    expect(sockets).toHaveLength(2);
    await clock.advance(1);
    connector.wake();
    await settle();
    expect([sockets.length, sockets[1]?.closedWith]).toEqual([3, CloseCode.NORMAL]);
    connector.stop();
  });

  test('is left alone before the host has ever been heard', async () => {
    const { connector, sockets } = setUp();
    connector.connect();
    await settle();
    connector.renew();
    await settle();
    expect(sockets).toHaveLength(1);
    connector.stop();
  });
});

describe('what a person should know', () => {
  test.each<[string, number, ErrorCode[]]>([
    ['a wrong key', CloseCode.HANDSHAKE_FAILED, ['HANDSHAKE_FAILED']],
    ['an unknown session', CloseCode.SESSION_UNKNOWN, ['SESSION_UNKNOWN']],
    ['a host that is away', CloseCode.HOST_OFFLINE, ['HOST_OFFLINE']],
    ['a session that has ended', CloseCode.SESSION_ENDED, ['SESSION_ENDED']],
    ['too many viewers', CloseCode.TOO_MANY_VIEWERS, ['TOO_MANY_VIEWERS']],
    ['a network that is gone', 1006, []],
    ['a server that restarts', 1012, []],
  ])('of %s (%i): %j', async (_, code, expected) => {
    const { connector, sockets, troubles } = setUp();
    connector.connect();
    await settle();
    sockets[0]?.ends(code);
    expect([troubles, connector.state]).toEqual([expected, 'waiting']);
    connector.stop();
  });
});

describe('once it is stopped', () => {
  test('the socket is closed and nothing is tried again', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    connector.stop();
    connector.connect();
    expect([sockets[0]?.closedWith, connector.state]).toEqual([CloseCode.NORMAL, 'stopped']);
    await clock.advance(60_000);
    expect([sockets.length, clock.timers]).toEqual([1, 0]);
  });

  test('a wait is over', async () => {
    const { connector, sockets, clock } = setUp();
    connector.connect();
    await settle();
    sockets[0]?.ends(1006);
    await settle();
    const { timers } = clock;
    connector.stop();
    expect(clock.timers).toBe(timers - 1);
    await clock.advance(60_000);
    expect(sockets).toHaveLength(1);
  });

  test('a pass that comes late opens nothing', async () => {
    let give: (pass: string) => void = () => undefined;
    const pass = new Promise<string>((resolve) => (give = resolve));
    const { connector, sockets } = setUp({ pass });
    connector.connect();
    connector.stop();
    give('late');
    await settle();
    expect(sockets).toEqual([]);
  });
});

describe('the first flight', () => {
  test('goes ahead with what is to travel in it, and the WebSocket comes second', async () => {
    const prekeys = await PrekeyRing.create();
    const order: string[] = [];
    let ends: FlightHostEnd | undefined;
    const set = setUp({
      prekey: prekeys.current,
      firstFlight: () => void order.push('filled'),
      fetch: (url, { body }) => {
        order.push(url, set.sockets.length === 0 ? 'no socket yet' : 'a socket already');
        const end = new FlightHostEnd(readRecords(body as Uint8Array));
        ends = end;
        void answer(end, set.clock, prekeys);
        return Promise.resolve(end.response);
      },
    });
    set.connector.connect();
    await until(set.clock, () => set.sockets.length === 1);
    expect(order).toEqual([
      'filled',
      `https://s.example/relay?link=${LINK_ID}&pass=the-pass`,
      'no socket yet',
    ]);
    await until(set.clock, () => set.link.attachment('relay')?.isGood === true);
    set.connector.stop();
    set.link.close('LINK_CLOSED');
    ends?.close(CloseCode.NORMAL, 'over');
  });

  test('is made once: what is known of the host may be stale by the next time', async () => {
    const prekeys = await PrekeyRing.create();
    let flights = 0;
    const { connector, sockets, clock } = setUp({
      prekey: prekeys.current,
      fetch: () => ((flights += 1), Promise.reject(new TypeError('no network'))),
    });
    connector.connect();
    await until(clock, () => sockets.length === 1);
    sockets[0]?.ends(1006);
    await clock.advance(waitMs(0));
    expect([sockets.length, flights]).toEqual([2, 1]);
    connector.stop();
  });

  test('that can’t be made is told, and the WebSocket is opened all the same', async () => {
    let failures = 0;
    const { connector, sockets, clock } = setUp({
      prekey: Uint8Array.of(1, 2, 3),
      onFailure: () => (failures += 1),
    });
    connector.connect();
    await until(clock, () => sockets.length === 1);
    expect(failures).toBe(1);
    connector.stop();
  });
});

function readRecords(body: Uint8Array): Uint8Array[] {
  return new RecordReader().push(body);
}
