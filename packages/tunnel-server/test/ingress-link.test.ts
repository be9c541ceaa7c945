import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WsCarrier } from '@wingman/node-kit';
import {
  acceptExchanges,
  create,
  Link,
  request,
  RequestHead,
  respondIngress,
  type Clock,
  type IncomingRequest,
  systemClock,
  type Mux,
} from '@wingman/protocol';
import { IngressLink } from '../src/ingress/ingress-link.js';
import { DialBackPool, ReadySocket } from '../src/relay/dial-back-pool.js';
import { ENDINGS } from '../src/sessions/session.js';
import { answer } from './support/fake-host.js';
import { until } from './support/inbox.js';
import { closePairs, openPair, type SocketPair } from './support/socket-pair.js';

const GRACE_MS = 20_000;

/** A host that dials whenever it is asked to, and keeps its links over its connections. */
class Host {
  readonly pairs: SocketPair[] = [];
  readonly links = new Map<string, Link>();
  readonly requests: IncomingRequest[] = [];
  isThere = true;
  /** Whether it answers; else requests stay open. */
  answers = true;
  readonly pool: DialBackPool;

  constructor(clock: Clock) {
    const asked = (): boolean => {
      // A test may end before the handshake has.
      if (this.isThere) void this.#dial().catch(() => undefined);
      return this.isThere;
    };
    this.pool = new DialBackPool({ clock, spare: 0, maxWaiting: 4, request: asked });
  }

  /** Cuts the connection in use. */
  cut(): void {
    this.pairs.at(-1)?.client.terminate();
  }

  async #dial(): Promise<void> {
    const pair = await openPair();
    this.pairs.push(pair);
    this.pool.offer(new ReadySocket(pair.server));
    const { carrier, linkId } = await respondIngress(new WsCarrier(pair.client));
    const link = this.links.get(linkId) ?? this.#open(linkId);
    link.attach(carrier, 'relay');
  }

  #open(id: string): Link {
    const link = new Link({ id, role: 'acceptor' });
    this.links.set(id, link);
    acceptExchanges(link, {
      request: (incoming) => {
        this.requests.push(incoming);
        if (this.answers) answer(incoming, 200, 'hello');
      },
      webSocket: (incoming) => incoming.signal,
    });
    return link;
  }
}

let host: Host;
let ingress: IngressLink;

beforeEach(() => {
  host = new Host(systemClock);
  ingress = new IngressLink({ clock: systemClock, dials: host.pool, graceMs: GRACE_MS });
});

afterEach(() => {
  ingress.ended(ENDINGS.stopped);
  for (const link of host.links.values()) link.close('LINK_CLOSED');
  closePairs();
});

const get = async (mux: Mux): Promise<string> => {
  const head = create(RequestHead, { method: 'GET', target: '/' });
  const { body } = await request(mux, head);
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
};

describe('the tunnel server’s own link', () => {
  test('is dialled when it is first used', async () => {
    expect(host.pairs).toHaveLength(0);
    expect(await get(await ingress.mux())).toBe('hello');
    expect(host.pairs).toHaveLength(1);
  });

  test('is one for all that come at once, and for those that come later', async () => {
    const muxes = await Promise.all([ingress.mux(), ingress.mux(), ingress.mux()]);
    expect(new Set([...muxes, await ingress.mux()]).size).toBe(1);
    expect(host.pairs).toHaveLength(1);
  });

  test('tells that there is no host', async () => {
    host.isThere = false;
    const asking = ingress.mux();
    host.pool.hostOffline(false);
    await expect(asking).rejects.toMatchObject({ code: 'HOST_OFFLINE' });
  });

  test('asks again after a dial that failed', async () => {
    host.isThere = false;
    const asking = ingress.mux();
    host.pool.hostOffline(false);
    await expect(asking).rejects.toMatchObject({ code: 'HOST_OFFLINE' });
    host.isThere = true;
    expect(await get(await ingress.mux())).toBe('hello');
  });

  test('that nobody uses ends with its carrier, and the next use dials a new one', async () => {
    const before = await ingress.mux();
    await get(before);
    host.cut();
    await until(async () => (await ingress.mux()) !== before);
    expect(await get(await ingress.mux())).toBe('hello');
    expect(host.links.size).toBe(2);
  });

  test('with exchanges under way is dialled anew, and they go on', async () => {
    host.answers = false;
    const asking = get(await ingress.mux());
    await until(() => host.requests.length === 1);
    host.cut();
    await until(() => host.pairs.length === 2);
    answer(host.requests[0]!, 200, 'late, and once');
    expect(await asking).toBe('late, and once');
    expect(host.links.size).toBe(1);
    expect(host.requests).toHaveLength(1);
  });

  test('waits for a host that comes back, and is dialled when it has', async () => {
    host.answers = false;
    const asking = get(await ingress.mux());
    await until(() => host.requests.length === 1);
    host.isThere = false;
    ingress.hostOffline();
    host.cut();
    await until(() => host.pairs[0]?.server.readyState === 3);
    host.isThere = true;
    host.pool.hostOnline();
    ingress.hostOnline();
    await until(() => host.pairs.length === 2);
    answer(host.requests[0]!, 200, 'still here');
    expect(await asking).toBe('still here');
  });

  test('ends with the session, and so does what is under way', async () => {
    host.answers = false;
    const asking = get(await ingress.mux());
    await until(() => host.requests.length === 1);
    ingress.ended(ENDINGS.expired);
    await expect(asking).rejects.toMatchObject({ code: 'SESSION_ENDED' });
  });

  test('a host that comes while nothing was ever asked is left alone', () => {
    ingress.hostOnline();
    ingress.hostOffline();
    ingress.close('LINK_CLOSED');
    expect(host.pairs).toHaveLength(0);
  });
});
