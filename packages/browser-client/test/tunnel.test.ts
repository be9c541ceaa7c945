import { describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  LIMITS,
  Link,
  PrekeyRing,
  PUSHES_TARGET,
  RecordReader,
  acceptExchanges,
  createLinkKey,
  createPass,
  deriveGateKey,
  respond,
  type Carrier,
  type IncomingRequest,
} from '@wingman/protocol';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import type { WorkerToShell } from '../src/shared/worker-messages.js';
import { Tunnel, type TunnelOptions } from '../src/worker/tunnel.js';
import { FakeSocket, FlightHostEnd, HostEnd } from './support/fake-socket.js';
import { settle } from './support/fake-clock.js';
import { collect, eventually, head } from './support/linked-host.js';
import { PatientClock } from './support/patient-clock.js';

const KEY = createLinkKey();

const PAGE: FetchHead = {
  method: 'GET',
  target: '/page?x',
  headers: [['accept', 'text/html']],
  destination: 'iframe',
  mode: 'navigate',
  hasBody: false,
  hasCredentials: true,
};

/** A host that takes every relay connection for which `isUp` and answers every request with its target. */
class FakeHost {
  readonly links = new Map<string, Link>();
  readonly requests: string[] = [];
  /** The content codings that the tab undoes, of the last request. */
  codings: readonly number[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly flights: { url: string; messages: number }[] = [];
  readonly signals: AbortSignal[] = [];
  isUp = true;
  /** It takes connections and says nothing on them, as one that stands still does. */
  isStill = false;
  key = KEY;

  constructor(
    private readonly clock: PatientClock,
    readonly prekeys: PrekeyRing,
  ) {}

  readonly open = (url: string): WebSocket => {
    const socket = new FakeSocket(url);
    this.sockets.push(socket);
    queueMicrotask(() => (this.isUp ? this.#splice(socket) : socket.ends(CloseCode.HOST_OFFLINE)));
    return socket.asWebSocket;
  };

  /** Takes a first flight. */
  readonly fetch = (url: string, { body }: RequestInit): Promise<Response> => {
    const end = new FlightHostEnd(new RecordReader().push(body as Uint8Array));
    this.flights.push({ url, messages: end.messages.length });
    this.#respond(end);
    return Promise.resolve(end.response);
  };

  #splice(socket: FakeSocket): void {
    const carrier = new HostEnd(socket);
    socket.opens();
    if (!this.isStill) this.#respond(carrier);
  }

  #respond(carrier: Carrier): void {
    respond(carrier, { key: this.key, kind: 'relay', prekeys: this.prekeys, clock: this.clock })
      .then((proven) => this.#link(proven.linkId).attach(proven.carrier, 'relay'))
      .catch(() => undefined);
  }

  #link(id: string): Link {
    const known = this.links.get(id);
    if (known !== undefined) return known;
    const link = new Link({ id, role: 'acceptor', clock: this.clock, isWatched: false });
    this.links.set(id, link);
    acceptExchanges(link, {
      request: (incoming) => this.#answer(incoming),
      webSocket: (incoming) => incoming.reject(head(404)),
    });
    return link;
  }

  #answer(incoming: IncomingRequest): void {
    this.requests.push(incoming.head.target);
    this.codings = incoming.head.transferCodings;
    this.signals.push(incoming.signal);
    incoming.respond(head(200));
    void incoming.write(Buffer.from(incoming.head.target));
    incoming.end();
  }
}

async function setUp(more: Partial<TunnelOptions> = {}, prepare?: (host: FakeHost) => void) {
  const clock = new PatientClock();
  const host = new FakeHost(clock, await PrekeyRing.create());
  prepare?.(host);
  const told: WorkerToShell[] = [];
  const tunnel = new Tunnel({
    key: KEY,
    relayUrl: 'wss://s.example/__wingman/relay',
    prekey: null,
    preload: null,
    linkGraceMs: 60_000,
    clock,
    open: host.open,
    fetch: host.fetch,
    tell: (message) => told.push(message),
    cookies: { headers: () => [['cookie', 'a=1']], store: () => Promise.resolve() },
    ...more,
  });
  const kinds = (kind: WorkerToShell['kind']) => told.filter((message) => message.kind === kind);
  return { clock, host, tunnel, told, kinds };
}

/** Lets fake time move on, and cryptography with it, until something is true. */
async function run(clock: PatientClock, check: () => boolean, stepMs = 5): Promise<void> {
  await eventually(async () => {
    if (!check()) await clock.advance(stepMs);
    return check();
  });
}

async function get(
  tunnel: Tunnel,
  clock: PatientClock,
  fetchHead: FetchHead,
  stepMs?: number,
): Promise<string> {
  const { signal } = new AbortController();
  let result: string | undefined;
  let failure: unknown;
  tunnel
    .request(fetchHead, { signal })
    .then(async (response) => (result = Buffer.from(await collect(response.body)).toString()))
    .catch((error: unknown) => (failure = error));
  await run(clock, () => result !== undefined || failure !== undefined, stepMs);
  if (failure !== undefined) throw failure as Error;
  return result ?? '';
}

describe('the first flight', () => {
  test('goes ahead of the WebSocket, and its answer is used for the frame’s navigation, once', async () => {
    const prekeys = await PrekeyRing.create();
    const { clock, host, tunnel, kinds } = await setUp(
      { prekey: prekeys.current, preload: PAGE },
      (fake) => Object.assign(fake, { prekeys, isUp: false }),
    );
    await run(clock, () => kinds('connected').length === 1);
    const { id } = tunnel.status().link;
    const pass = await createPass(await deriveGateKey(KEY), 'relay', id ?? '');
    const url = `https://s.example/__wingman/relay?link=${id}&pass=${pass}`;
    // Handshake, attach, heartbeat, two requests and their ends.
    expect(host.flights).toEqual([{ url, messages: 7 }]);
    await run(clock, () => host.requests.length === 2);
    expect(await get(tunnel, clock, PAGE)).toBe('/page?x');
    expect(host.requests).toEqual([PUSHES_TARGET, '/page?x']);
    host.isUp = true;
    expect(await get(tunnel, clock, PAGE)).toBe('/page?x');
    expect(host.requests).toEqual([PUSHES_TARGET, '/page?x', '/page?x']);
    expect(host.sockets.length).toBeGreaterThan(0);
  });

  test('with a prekey the host does not know any more the WebSocket brings what was in it', async () => {
    const old = await PrekeyRing.create();
    const { clock, host, tunnel, kinds } = await setUp({ prekey: old.current, preload: PAGE });
    await run(clock, () => kinds('connected').length === 1);
    expect([host.flights.length, host.sockets.length]).toEqual([1, 1]);
    expect(clock.now()).toBeLessThan(200);
    expect(kinds('trouble')).toEqual([{ kind: 'trouble', code: null }]);
    // What was in the lost flight is replayed by the link: sent once, arrived once.
    expect(await get(tunnel, clock, PAGE)).toBe('/page?x');
    expect(host.requests).toEqual([PUSHES_TARGET, '/page?x']);
  });
});

describe('the tunnel', () => {
  test('says what a person prefers, and whether the relay is to be spared', async () => {
    const { tunnel } = await setUp();
    tunnel.choose({ preference: 'relay' });
    tunnel.choose({ sparesRelay: true });
    expect(tunnel.status()).toMatchObject({ preference: 'relay', sparesRelay: true });
    tunnel.choose({ sparesRelay: false });
    expect(tunnel.status()).toMatchObject({ preference: 'relay', sparesRelay: false });
  });

  test('asks its host ever more rarely once nobody looks at the tab, and again when somebody does', async () => {
    const { clock, tunnel } = await setUp();
    await get(tunnel, clock, PAGE);
    const sentInAMinute = async (): Promise<number> => {
      const before = tunnel.status().bytes.relay.out;
      await clock.advance(60_000);
      return tunnel.status().bytes.relay.out - before;
    };
    const watched = await sentInAMinute();
    tunnel.watched(false);
    await clock.advance(120_000);
    expect(await sentInAMinute()).toBeLessThan(watched / 2);
    tunnel.watched(true);
    expect(await sentInAMinute()).toBeGreaterThan(watched / 2);
  });

  test('connects, says so, and carries requests over the relay', async () => {
    const { clock, tunnel, kinds } = await setUp();
    expect(tunnel.status().mode).toBe('offline');
    expect(await get(tunnel, clock, { ...PAGE, target: '/a' })).toBe('/a');
    expect(kinds('link')).toHaveLength(1);
    const status = tunnel.status();
    expect(status).toMatchObject({ mode: 'relay', relayConnected: true, switches: 0 });
    expect(status.bytes.relay.in).toBeGreaterThan(0);
    expect(status.bytes.p2p).toEqual({ in: 0, out: 0 });
  });

  test('asks for nothing compressed while this thread is behind', async () => {
    const { clock, host, tunnel } = await setUp();
    await get(tunnel, clock, PAGE);
    expect(host.codings).not.toEqual([]);
    const { signal } = new AbortController();
    const first = tunnel.request(PAGE, { signal });
    await settle();
    clock.jump(BROWSER_LIMITS.threadBehindMs + 1);
    await get(tunnel, clock, PAGE);
    expect(host.codings).toEqual([]);
    await collect((await first).body);
    // The turn that was late is the last one known until another has come in time.
    for (let times = 0; times < 2; times++) await get(tunnel, clock, PAGE);
    expect(host.codings).not.toEqual([]);
  });

  test('a request waits for the link and ends with what troubles it', async () => {
    const { clock, tunnel, host, kinds } = await setUp({}, (fake) => (fake.isUp = false));
    await expect(get(tunnel, clock, PAGE, 500)).rejects.toMatchObject({ code: 'HOST_OFFLINE' });
    expect(clock.now()).toBeGreaterThanOrEqual(20_000);
    expect(kinds('trouble')).toContainEqual({ kind: 'trouble', code: 'HOST_OFFLINE' });
    host.isUp = true;
    tunnel.wake();
    expect(await get(tunnel, clock, PAGE)).toBe('/page?x');
    expect(kinds('trouble').at(-1)).toEqual({ kind: 'trouble', code: null });
  });

  test('a wrong key is told as such', async () => {
    const { clock, kinds } = await setUp({}, (fake) => (fake.key = createLinkKey()));
    await run(clock, () => kinds('trouble').length > 0);
    expect(kinds('trouble')[0]).toEqual({ kind: 'trouble', code: 'HANDSHAKE_FAILED' });
    expect(kinds('connected')).toHaveLength(0);
  });

  test('a host that stands still has not refused the key', async () => {
    const { clock, tunnel, host, kinds } = await setUp({}, (fake) => (fake.isStill = true));
    await expect(get(tunnel, clock, PAGE, 500)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(host.sockets[0]?.closedWith).toBe(CloseCode.DEAD_PEER);
    expect(kinds('trouble')).toEqual([]);
    host.isStill = false;
    expect(await get(tunnel, clock, PAGE)).toBe('/page?x');
  });

  test('a lost relay comes back on the same link', async () => {
    const { clock, tunnel, host, kinds } = await setUp();
    await get(tunnel, clock, PAGE);
    const { id } = tunnel.status().link;
    host.sockets[0]?.ends(1006);
    await run(clock, () => tunnel.status().mode === 'offline', 1);
    expect(await get(tunnel, clock, { ...PAGE, target: '/again' })).toBe('/again');
    expect(tunnel.status().link).toEqual({ id, state: 'open' });
    expect(kinds('link')).toHaveLength(1);
    // What waits for a connection hears of each.
    expect(kinds('connected')).toHaveLength(2);
  });

  test('a request that nothing can carry is counted and told at once', async () => {
    const { clock, tunnel, host, kinds } = await setUp();
    await get(tunnel, clock, PAGE);
    expect(tunnel.status().unanswered).toBe(0);
    host.isUp = false;
    host.sockets[0]?.ends(1006);
    await run(clock, () => tunnel.status().mode === 'offline', 1);
    const before = kinds('status').length;
    const { signal } = new AbortController();
    const answer = tunnel.request({ ...PAGE, target: '/waits' }, { signal });
    expect(kinds('status')).toHaveLength(before + 1);
    expect(kinds('status').at(-1)).toMatchObject({ status: { mode: 'offline', unanswered: 1 } });
    host.isUp = true;
    tunnel.wake();
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    await run(clock, () => isAnswered);
    expect(tunnel.status().unanswered).toBe(0);
  });

  test('a link that is gone for good is followed by a fresh one', async () => {
    const { clock, tunnel, host, kinds } = await setUp();
    await get(tunnel, clock, PAGE);
    const { id } = tunnel.status().link;
    host.links.get(id)?.close('LINK_LOST');
    await run(clock, () => kinds('link').length === 2);
    expect(await get(tunnel, clock, { ...PAGE, target: '/fresh' })).toBe('/fresh');
    expect(tunnel.status().link.id).not.toBe(id);
    expect(kinds('link')).toHaveLength(2);
    expect(kinds('connected')).toHaveLength(2);
  });

  test('past the grace time what is under way ends, the status says so, and a fresh link comes by itself', async () => {
    const { clock, tunnel, host, kinds } = await setUp();
    await get(tunnel, clock, PAGE);
    const { id } = tunnel.status().link;
    host.isUp = false;
    host.sockets[0]?.ends(1006);
    const [signal, aborted] = [new AbortController().signal, [] as unknown[]];
    const pending = tunnel.request({ ...PAGE, target: '/late' }, { signal });
    pending.catch((error: unknown) => aborted.push(error));
    await clock.advance(LIMITS.linkGraceMs + 1_000);
    expect(aborted).toMatchObject([{ code: 'HOST_OFFLINE' }]);
    expect(tunnel.status()).toMatchObject({ mode: 'offline', hasLost: true });
    host.isUp = true;
    tunnel.wake();
    expect(await get(tunnel, clock, { ...PAGE, target: '/fresh' })).toBe('/fresh');
    expect(tunnel.status()).toMatchObject({ mode: 'relay', hasLost: false });
    expect(tunnel.status().link.id).not.toBe(id);
    expect(kinds('link')).toHaveLength(2);
  });

  test('a request given up while it waits is never sent', async () => {
    const { clock, tunnel, host } = await setUp({}, (fake) => (fake.isUp = false));
    const controller = new AbortController();
    const pending = tunnel.request(PAGE, { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: 'CANCELLED' });
    host.isUp = true;
    tunnel.wake();
    await run(clock, () => tunnel.status().mode === 'relay');
    expect(host.requests).toEqual([]);
  });
});
