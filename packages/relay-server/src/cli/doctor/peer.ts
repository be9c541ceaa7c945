import { WsCarrier } from '@wingman/node-kit';
import {
  authenticate,
  countStunServers,
  deferred,
  deriveAdmissionKey,
  initiate,
  Link,
  NAT_WORDS,
  natKind,
  newLinkId,
  offerPayload,
  PATH_FAULT_WORDS,
  pathFault,
  requestPayload,
  systemClock,
  toWingmanError,
  within,
  type Carrier,
  type ChannelWay,
  type ConnectionAccept,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { loadEngine, type Peer } from '../../tunnel/webrtc/webrtc-adapter.js';
import { readSessionLink, type SessionLink } from '../session-link.js';
import type { Examined, Finding } from './finding.js';
import { dialDoor, opened, PeerSignaling } from './peer-signaling.js';

/** Goes to a session as a reviewer's tab does, by both paths, and tells what they are like. Throws ConfigError for what is no link. */
export async function peer({ peer: text }: Pick<Examined, 'peer'>): Promise<Finding[]> {
  if (text === undefined) return [];
  const session = readSessionLink(text);
  const linkId = newLinkId();
  const link = new Link({ id: linkId, role: 'initiator' });
  try {
    const socket = await dialDoor(session, 'signal', linkId);
    const signaling = new PeerSignaling(socket);
    try {
      await opened(socket);
      return await visit(session, link, signaling);
    } finally {
      signaling.close();
    }
  } catch (error) {
    const says = `${session.origin} is not reached: ${toWingmanError(error, 'INTERNAL').message}`;
    const cure = 'Check the link, and that wingman still runs there.';
    return [{ about: 'peer', grade: 'bad', says, cure }];
  } finally {
    link.close('LINK_CLOSED');
  }
}

async function visit(
  session: SessionLink,
  link: Link,
  signaling: PeerSignaling,
): Promise<Finding[]> {
  const key = await deriveAdmissionKey(session.linkKey);
  const proof = await authenticate(key, requestPayload(link.id));
  signaling.send({ $case: 'connectionRequest', value: { linkId: link.id, proof } });
  const accept = await within(signaling.accepted, HOST_LIMITS.doctorMs);
  if (accept === undefined) throw new Error('the host has not answered');
  const found: Finding = { about: 'peer', grade: 'good', says: `${session.origin} answers` };
  const relay = await byRelay(session, link);
  return [found, relay, ...(await directly(session, link, signaling, accept))];
}

async function byRelay(session: SessionLink, link: Link): Promise<Finding> {
  const about = 'relay';
  try {
    const socket = await dialDoor(session, 'relay', link.id);
    const carrier = new WsCarrier(socket);
    await opened(socket);
    await attach(session, link, carrier, 'relay');
    const rttMs = await roundTrip(link, 'relay');
    return { about, grade: 'good', says: `round trip ${milliseconds(rttMs)}` };
  } catch (error) {
    const says = `it doesn’t come up: ${toWingmanError(error, 'INTERNAL').message}`;
    const cure =
      'Something between here and the server stops WebSockets: another network, or HTTPS_PROXY.';
    return { about, grade: 'bad', says, cure };
  }
}

/** What is known of an attempt at a direct path. */
interface Attempt {
  readonly peer: Peer;
  readonly carrier: Promise<Carrier>;
  readonly seen: Readonly<Record<'viewer' | 'host', string[]>>;
  readonly isAnswered: () => boolean;
}

async function directly(
  session: SessionLink,
  link: Link,
  signaling: PeerSignaling,
  accept: ConnectionAccept,
): Promise<Finding[]> {
  const about = 'direct';
  if (!accept.p2p)
    return [
      { about, grade: 'note', says: 'switched off at the host', cure: 'There: without --no-p2p.' },
    ];
  const since = performance.now();
  const attempt = await begin(session, link, signaling, accept);
  if (attempt === undefined) return [];
  const { carrier, peer: made, seen } = attempt;
  try {
    const channel = await within(carrier, accept.p2pTimeoutMs);
    if (channel === undefined) return [fault(attempt, accept), ...nats(seen, accept)];
    const binding = (): ReturnType<Peer['binding']> => made.binding();
    const way = await made.way();
    await attach(session, link, channel, way, binding);
    const took = Math.round(performance.now() - since);
    const rttMs = await roundTrip(link, way);
    const by = way === 'turn' ? ' by a TURN server' : '';
    const says = `came up in ${took} ms${by}, round trip ${milliseconds(rttMs)}`;
    return [{ about, grade: 'good', says }, ...nats(seen, accept)];
  } catch (error) {
    const says = `broke off: ${toWingmanError(error, 'INTERNAL').message}`;
    return [{ about, grade: 'note', says, cure: 'Try again.' }, ...nats(seen, accept)];
  } finally {
    made.close();
  }
}

/** Makes an offer, and passes candidates on in both directions; undefined without an engine, which is told elsewhere. */
async function begin(
  { linkKey }: SessionLink,
  { id: linkId }: Link,
  signaling: PeerSignaling,
  { iceServers, nonce }: ConnectionAccept,
): Promise<Attempt | undefined> {
  const { engine } = await loadEngine('auto');
  if (engine === undefined) return undefined;
  const channel = deferred<Carrier>();
  channel.promise.catch(() => undefined);
  const offered = deferred<void>();
  const seen: Attempt['seen'] = { viewer: [], host: [] };
  let isAnswered = false;
  const made = engine.createPeer(iceServers, {
    candidate: ({ candidate, mid: sdpMid }) => {
      if (candidate !== '') seen.viewer.push(candidate);
      const value = { linkId, attempt: 1, candidate, sdpMid };
      void offered.promise.then(() => signaling.send({ $case: 'iceCandidate', value }));
    },
    channel: (carrier) => channel.resolve(carrier),
    closed: () => undefined,
  });
  signaling.listen({
    answer: ({ sdp }) => {
      isAnswered = true;
      void made.acceptAnswer(sdp).catch((error: unknown) => channel.reject(error));
    },
    candidate: ({ candidate, sdpMid: mid }) => {
      if (seen.host.length >= HOST_LIMITS.candidatesPerAttempt) return;
      seen.host.push(candidate);
      made.addCandidate({ candidate, mid });
    },
  });
  const claim = { linkId, attempt: 1, sdp: await made.createOffer() };
  const proof = await authenticate(await deriveAdmissionKey(linkKey), offerPayload(claim, nonce));
  signaling.send({ $case: 'offer', value: { ...claim, proof } });
  offered.resolve();
  return { peer: made, carrier: channel.promise, seen, isAnswered: () => isAnswered };
}

async function attach(
  { linkKey: key }: SessionLink,
  link: Link,
  carrier: Carrier,
  kind: ChannelWay | 'relay',
  binding?: () => ReturnType<Peer['binding']>,
): Promise<void> {
  const how = { key, kind: kind === 'relay' ? kind : ('p2p' as const), linkId: link.id };
  const proven = await initiate(carrier, binding === undefined ? how : { ...how, binding });
  link.attach(proven.carrier, kind);
}

/** The usual round trip on a path, in milliseconds; undefined when none was measured in time. */
async function roundTrip(link: Link, kind: ChannelWay | 'relay'): Promise<number | undefined> {
  const end = performance.now() + HOST_LIMITS.doctorMs;
  while (performance.now() < end) {
    const rttMs = link.stats().rttMs[kind];
    if (rttMs !== null) return rttMs;
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, LOOK_MS));
  }
  return undefined;
}

const LOOK_MS = 50;

function milliseconds(rttMs: number | undefined): string {
  return rttMs === undefined ? 'not measured' : `${rttMs.toFixed(1)} ms`;
}

function fault({ isAnswered, peer: made, seen }: Attempt, accept: ConnectionAccept): Finding {
  const hasStun = accept.iceServers.length > 0;
  const why = pathFault({
    ...seen,
    isAnswered: isAnswered(),
    isConnected: made.isConnected(),
    hasStun,
  });
  const cure = 'Nothing is lost but speed: the relay carries everything.';
  return { about: 'direct', grade: 'note', says: `none. ${PATH_FAULT_WORDS[why]}`, cure };
}

/** This end is the reviewer's. */
function nats(seen: Attempt['seen'], { iceServers }: ConnectionAccept): Finding[] {
  const stunServers = countStunServers(iceServers.flatMap(({ urls }) => urls));
  const words = (end: 'viewer' | 'host'): string => NAT_WORDS[natKind(seen[end], { stunServers })];
  return [
    { about: 'NAT here', grade: 'good', says: words('viewer') },
    { about: 'NAT there', grade: 'good', says: words('host') },
  ];
}
