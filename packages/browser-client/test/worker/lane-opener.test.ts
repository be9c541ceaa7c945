import { afterEach, describe, expect, test } from '@jest/globals';
import {
  acceptExchanges,
  createLinkKey,
  LIMITS,
  Link,
  memoryCarrierPair,
  Mux,
  respond,
  type Binding,
  type LaneNegotiation,
  type MuxOptions,
} from '@wingman/protocol';
import type { ChannelEnd, LaneToShell } from '../../src/shared/worker-messages.js';
import { LaneOpener } from '../../src/worker/lane-opener.js';
import { settle } from '../support/fake-clock.js';
import { ChannelHostEnd, FakeDataChannel } from '../support/fake-data-channel.js';
import { eventually } from '../support/linked-host.js';
import { PatientClock } from '../support/patient-clock.js';

const KEY = createLinkKey();
const LINK_ID = '0123456789abcdef0123456789abcdef';
const OFFER = 'a=fingerprint:sha-256 AA:AA\r\n';
const ANSWER = 'a=fingerprint:sha-256 BB:BB\r\n';
const BINDING: Binding = { initiator: 'sha-256 AA:AA', responder: 'sha-256 BB:BB' };
const DELAY_MS = 15;

const links: Link[] = [];
afterEach(() => links.splice(0).forEach((link) => link.close('LINK_CLOSED')));

type Accepted = Parameters<NonNullable<MuxOptions['onStream']>>[0];

async function drain(stream: Accepted): Promise<void> {
  while ((await stream.read()) !== undefined);
}

/** A viewer with a direct path whose round trip is 30 ms, and a host that takes further lanes or not. */
async function world({ takesLanes = true } = {}) {
  const clock = new PatientClock();
  const viewer = new Link({ id: LINK_ID, role: 'initiator', clock });
  const host = new Link({ id: LINK_ID, role: 'acceptor', clock });
  links.push(viewer, host);
  const told: [number, LaneToShell][] = [];
  const offers: { negotiation: LaneNegotiation; sdp: string }[] = [];
  const mux = new Mux(viewer, { onStream: (stream) => void drain(stream).catch(() => undefined) });
  const opener = new LaneOpener({
    ...{ key: KEY, link: viewer, mux, clock },
    tell: (lane, step) => told.push([lane, step]),
  });
  const hostMux = acceptExchanges(host, {
    request: () => undefined,
    webSocket: () => undefined,
    lane: takesLanes ? (negotiation, sdp) => offers.push({ negotiation, sdp }) : undefined,
  });
  const [left, right] = memoryCarrierPair((message, arrive) => {
    clock.setTimeout(() => arrive(message), DELAY_MS);
  });
  viewer.attach(left, 'p2p');
  host.attach(right, 'p2p');
  await clock.advance(500);
  const load = async (milliseconds: number): Promise<void> => {
    const stream = hostMux.open(new Uint8Array(1));
    for (let left = milliseconds; left > 0; left -= 100) {
      for (let n = 0; n < 10; n += 1) stream.write([new Uint8Array(30_000)]).catch(() => undefined);
      await clock.advance(100);
    }
    stream.reset('CANCELLED');
  };
  return { clock, viewer, host, told, offers, mux, opener, load };
}

/** The lane that the opener has asked for last. */
const lastLane = (told: readonly [number, LaneToShell][]): number => told.at(-1)?.[0] ?? 0;

/** Makes the lane that was asked for, as shell and host do. */
async function make(of: Awaited<ReturnType<typeof world>>, binding = BINDING): Promise<number> {
  const { opener, told, offers, clock, host } = of;
  const lane = lastLane(told);
  const channel = new FakeDataChannel();
  const end = { kind: 'channel', channel: channel.asChannel } as unknown as ChannelEnd;
  opener.handle(lane, { type: 'channel', end });
  opener.handle(lane, { type: 'offer', sdp: OFFER });
  await clock.advance(100);
  const { negotiation } = offers.at(-1)!;
  negotiation.send({ type: 'answer', sdp: ANSWER });
  await clock.advance(100);
  channel.opens();
  const options = { key: KEY, kind: 'p2p', binding: () => binding, clock } as const;
  const proven = await respond(new ChannelHostEnd(channel), options).catch(() => undefined);
  if (proven !== undefined) host.attach(proven.carrier, 'p2p', { joins: true });
  negotiation.end();
  await settle();
  return lane;
}

/** The same, with a path that is loaded before: the lane carries in the end. */
async function joined(of: Awaited<ReturnType<typeof world>>): Promise<number> {
  await of.load(2_500);
  const lane = await make(of);
  await eventually(async () => {
    await of.clock.advance(100);
    return of.viewer.stats().lanes.p2p === 2;
  });
  return lane;
}

describe('a further lane', () => {
  test('is asked for when the path is loaded, and not before', async () => {
    const { clock, told, load } = await world();
    await clock.advance(5_000);
    expect(told).toEqual([]);
    await load(2_500);
    expect(told).toEqual([[lastLane(told), { type: 'open' }]]);
  });

  test('is offered on the link, proves the key over both descriptions, and joins the path', async () => {
    const of = await world();
    const lane = await joined(of);
    expect(of.offers.map(({ sdp }) => sdp)).toEqual([OFFER]);
    expect(of.told.slice(1)).toEqual([[lane, { type: 'answer', sdp: ANSWER }]]);
  });

  test('takes candidates both ways', async () => {
    const { clock, load, told, offers, opener } = await world();
    await load(2_500);
    const lane = lastLane(told);
    opener.handle(lane, { type: 'offer', sdp: OFFER });
    opener.handle(lane, { type: 'candidate', candidate: 'mine', mid: '0' });
    await clock.advance(100);
    const heard: unknown[] = [];
    offers[0]?.negotiation.read((message) => heard.push(message)).catch(() => undefined);
    offers[0]?.negotiation.send({ type: 'candidate', candidate: 'yours', mid: '0' });
    await clock.advance(100);
    expect(heard).toEqual([{ type: 'candidate', candidate: 'mine', mid: '0' }]);
    expect(told.at(-1)).toEqual([lane, { type: 'candidate', candidate: 'yours', mid: '0' }]);
  });

  test('is closed when the path has not been loaded for a while', async () => {
    const of = await world();
    const lane = await joined(of);
    await of.clock.advance(LIMITS.lanesIdleMs + 5_000);
    expect(of.told.at(-1)).toEqual([lane, { type: 'close' }]);
    expect(of.viewer.stats()).toMatchObject({ path: 'p2p', lanes: { p2p: 1 } });
  });
});

describe('a lane that fails', () => {
  test('because the host takes none, is not asked for again at once', async () => {
    const { load, told, opener, clock } = await world({ takesLanes: false });
    await load(2_500);
    const lane = lastLane(told);
    opener.handle(lane, { type: 'offer', sdp: OFFER });
    await clock.advance(100);
    expect(told.at(-1)).toEqual([lane, { type: 'close' }]);
    await load(LIMITS.lanesRetryMs - 2_000);
    expect(told).toHaveLength(2);
    await load(4_000);
    expect(told.at(-1)?.[1]).toEqual({ type: 'open' });
  });

  test('because somebody sits between, never joins', async () => {
    const of = await world();
    await of.load(2_500);
    const lane = await make(of, { ...BINDING, responder: 'sha-256 CC:CC' });
    await eventually(() => of.told.at(-1)?.[1].type === 'close');
    expect(of.told.at(-1)?.[0]).toBe(lane);
    expect(of.viewer.stats().lanes.p2p).toBe(1);
  });

  test('in the shell, gives its negotiation up', async () => {
    const { load, told, opener, clock, mux, offers } = await world();
    await load(2_500);
    const lane = lastLane(told);
    opener.handle(lane, { type: 'offer', sdp: OFFER });
    await clock.advance(100);
    const heard = offers[0]?.negotiation.read(() => undefined).catch((error: unknown) => error);
    opener.handle(lane, { type: 'failed' });
    await clock.advance(100);
    expect(await heard).toMatchObject({ code: 'CANCELLED' });
    expect(mux.streamCount).toBe(0);
    const count = told.length;
    opener.handle(lane, { type: 'failed' });
    opener.handle(lane, { type: 'offer', sdp: OFFER });
    expect(told).toHaveLength(count);
  });

  test('goes with its link', async () => {
    const { load, told, viewer } = await world();
    await load(2_500);
    viewer.close('LINK_CLOSED');
    expect(told.at(-1)?.[1]).toEqual({ type: 'close' });
  });
});
