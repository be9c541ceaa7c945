import { expect, test } from '@jest/globals';
import {
  CloseCode,
  encodeMessage,
  newLinkId,
  P2pEvent,
  P2pFailure,
  RejectReason,
  ViewerMessage,
  EndReason,
} from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { FakeHost } from './support/fake-host.js';
import { FakeViewer } from './support/fake-viewer.js';
import { until } from './support/inbox.js';
import { startServer, startSession } from './support/server.js';

const NONCE = Buffer.alloc(16, 7);
const PROOF = Buffer.alloc(32, 8);

async function accept(host: FakeHost, p2p = true) {
  const request = await host.received.find((item) => item?.$case === 'connectionRequest');
  const { linkId } = request.value;
  host.send({
    $case: 'connectionAccept',
    value: {
      linkId,
      p2p,
      p2pTimeoutMs: 0,
      spareRelay: false,
      iceServers: [],
      nonce: NONCE,
    },
  });
  return linkId;
}

test('offer, answer and candidates pass between the viewer and the host of its link', async () => {
  const { host } = await startSession();
  const viewer = await FakeViewer.join(host);
  const bystander = await FakeViewer.join(host);
  const { linkId } = viewer;
  await accept(host);
  expect(Buffer.from((await viewer.find('connectionAccept')).value.nonce)).toEqual(NONCE);
  const claim = { linkId, attempt: 1, sdp: 'v=0 offer', proof: PROOF };
  viewer.send({ message: { $case: 'offer', value: claim } });
  const offer = await host.received.find((item) => item?.$case === 'offer');
  expect(offer.value).toMatchObject({ ...claim, proof: new Uint8Array(PROOF) });
  host.send({
    $case: 'answer',
    value: { linkId, attempt: 1, sdp: 'v=0 answer' },
  });
  expect((await viewer.find('answer')).value.sdp).toBe('v=0 answer');
  const candidate = { linkId, attempt: 1, candidate: 'candidate:1', sdpMid: '0' };
  viewer.send({ message: { $case: 'iceCandidate', value: candidate } });
  const received = await host.received.find((item) => item?.$case === 'iceCandidate');
  expect(received.value).toMatchObject(candidate);
  host.send(received);
  expect((await viewer.find('iceCandidate')).value).toMatchObject(candidate);
  const seen = [];
  while (bystander.client.messages.size > 0) seen.push((await bystander.next())?.$case);
  expect(seen).toEqual(['hostPresence']);
});

test('the accepted viewer gets the ICE servers, with TURN credentials of its own', async () => {
  const turn = { turnUrls: ['turn:turn.example.org'], turnSecret: 'secret' };
  const { host, server } = await startSession({}, { ...turn, stunServers: ['stun:192.0.2.1'] });
  const viewer = await FakeViewer.join(host);
  await accept(host);
  const { value } = await viewer.find('connectionAccept');
  expect(value).toMatchObject({ p2p: true, p2pTimeoutMs: 10_000 });
  expect(value.iceServers[0]?.urls).toEqual([
    `stun:127.0.0.1:${server.stunPort}`,
    'stun:192.0.2.1',
  ]);
  expect(value.iceServers[1]).toMatchObject({ urls: turn.turnUrls });
  expect(value.iceServers[1]?.username).toMatch(new RegExp(`^\\d+:${viewer.linkId}$`));
});

test('with p2p switched off no offer passes, whatever the host says', async () => {
  const { host } = await startSession({}, { p2pEnabled: false });
  const viewer = await FakeViewer.join(host);
  const { linkId } = viewer;
  await accept(host);
  expect((await viewer.find('connectionAccept')).value).toMatchObject({
    p2p: false,
    iceServers: [],
  });
  viewer.send({ message: { $case: 'offer', value: { linkId, attempt: 1, sdp: 'v=0' } } });
  viewer.request();
  const after = await host.received.find(
    (item) => item?.$case === 'offer' || item?.$case === 'connectionRequest',
  );
  expect(after?.$case).toBe('connectionRequest');
});

test('a viewer speaks for its own link only', async () => {
  const { host } = await startSession();
  const victim = await FakeViewer.join(host);
  await accept(host);
  const thief = await FakeViewer.join(host);
  await accept(host);
  const forged = { linkId: victim.linkId, attempt: 1, sdp: 'forged' };
  thief.send({ message: { $case: 'offer', value: forged } });
  const own = { linkId: thief.linkId, attempt: 1, sdp: 'own' };
  thief.send({ message: { $case: 'offer', value: own } });
  const offer = await host.received.find((item) => item?.$case === 'offer');
  expect(offer.value.sdp).toBe('own');
});

test('a host whose session has expired is believed, and the viewers are told', async () => {
  const { host } = await startSession();
  const viewer = await FakeViewer.connect(host);
  await viewer.find('hostPresence');
  host.send({ $case: 'endSession', value: { reason: EndReason.EXPIRED } });
  const last = await viewer.find('hostPresence');
  expect(last.value).toMatchObject({ sessionEnded: true, endReason: EndReason.EXPIRED });
});

test('more viewers than allowed are rejected, and a place is free again when one leaves', async () => {
  const { host } = await startSession({}, { maxViewers: 1 });
  const first = await FakeViewer.join(host);
  await accept(host);
  const second = await FakeViewer.join(host);
  const rejected = await second.find('connectionReject');
  expect(rejected.value.reason).toBe(RejectReason.TOO_MANY_VIEWERS);
  first.client.socket.terminate();
  await host.received.find((item) => item?.$case === 'viewerLeft');
  second.request();
  expect(await accept(host)).toBe(second.linkId);
});

test('signaling connections of a session are capped', async () => {
  const { host, server } = await startSession({}, { maxViewers: 1 });
  const connect = () => FakeViewer.connect(host);
  const limit = 1 + SERVER_LIMITS.viewerSocketSlack;
  await Promise.all(Array.from({ length: limit }, connect));
  await until(async () => (await server.metrics.value('wingman_viewers')) === limit);
  const surplus = await connect();
  expect((await surplus.find('refusal')).value.code).toBe('TOO_MANY_VIEWERS');
  expect((await surplus.client.closed).code).toBe(CloseCode.TOO_MANY_VIEWERS);
});

test('viewers hear that the host goes, comes back, and ends the session', async () => {
  const { host, server } = await startSession();
  const viewer = await FakeViewer.connect(host);
  expect((await viewer.find('hostPresence')).value).toMatchObject({ online: true });
  host.signaling.socket.terminate();
  expect((await viewer.find('hostPresence')).value).toMatchObject({ online: false });
  viewer.request();
  const rejected = await viewer.find('connectionReject');
  expect(rejected.value.reason).toBe(RejectReason.HOST_OFFLINE);
  const again = await FakeHost.start(server.port, { keys: host.keys, takeOver: true });
  expect((await viewer.find('hostPresence')).value).toMatchObject({ online: true });
  again.send({ $case: 'endSession', value: { reason: EndReason.STOPPED } });
  const last = await viewer.find('hostPresence');
  const endReason = EndReason.STOPPED;
  expect(last.value).toMatchObject({ online: false, sessionEnded: true, endReason });
  expect((await viewer.client.closed).code).toBe(CloseCode.SESSION_ENDED);
  expect((await again.signaling.closed).code).toBe(CloseCode.SESSION_ENDED);
});

test('an expired session ends for everyone', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({ ttlSeconds: 10, sharedBy: 'Ada' }, {}, clock);
  clock.advance(3_000);
  const viewer = await FakeViewer.connect(host);
  const news = { secondsLeft: 7, sharedBy: 'Ada' };
  expect((await viewer.find('hostPresence')).value).toMatchObject(news);
  clock.advance(7_000);
  expect((await viewer.client.closed).code).toBe(CloseCode.SESSION_ENDED);
  const refusal = await host.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value.code).toBe('SESSION_ENDED');
  const late = await FakeViewer.connect(host);
  expect((await late.find('hostPresence')).value.sessionEnded).toBe(true);
  expect((await late.client.closed).code).toBe(CloseCode.SESSION_ENDED);
});

test('a session whose host stays away is forgotten after the grace time', async () => {
  const clock = new FakeClock();
  const { host, server } = await startSession({}, { hostGraceMs: 5_000 }, clock);
  const viewer = await FakeViewer.connect(host);
  await viewer.find('hostPresence');
  host.signaling.socket.terminate();
  expect((await viewer.find('hostPresence')).value.online).toBe(false);
  clock.advance(5_000);
  expect((await viewer.client.closed).code).toBe(CloseCode.HOST_OFFLINE);
  expect(await server.metrics.value('wingman_sessions')).toBe(0);
  const late = await FakeViewer.connect(host);
  expect((await late.find('refusal')).value.code).toBe('SESSION_UNKNOWN');
  expect((await late.client.closed).code).toBe(CloseCode.SESSION_UNKNOWN);
});

test('heartbeats are answered, for viewers and for hosts', async () => {
  const { host } = await startSession();
  const viewer = await FakeViewer.connect(host);
  viewer.send({ message: { $case: 'heartbeat', value: { nonce: 7n, reply: false } } });
  expect((await viewer.find('heartbeat')).value).toMatchObject({ nonce: 7n, reply: true });
  host.send({
    $case: 'heartbeat',
    value: { nonce: 9n, reply: false },
  });
  const reply = await host.received.find((item) => item?.$case === 'heartbeat');
  expect(reply.value).toMatchObject({ nonce: 9n, reply: true });
});

test('what viewers report is counted, clamped, and counted no faster than it can be true', async () => {
  const { host, server } = await startSession({}, {}, new FakeClock());
  const viewer = await FakeViewer.connect(host);
  viewer.report(P2pEvent.ATTEMPT);
  viewer.report(P2pEvent.CONNECTED, 4_000_000_000);
  viewer.report(P2pEvent.FAILED, 0, P2pFailure.ICE);
  const unheardOf = Number('99');
  viewer.report(P2pEvent.FAILED, 0, unheardOf);
  viewer.report(P2pEvent.FALLBACK);
  for (let index = 0; index < 50; index += 1) viewer.report(P2pEvent.ATTEMPT);
  viewer.send({ message: { $case: 'heartbeat', value: { nonce: 1n, reply: false } } });
  await viewer.find('heartbeat');
  const { metrics } = server;
  const text = (await metrics.render()).body;
  expect(await metrics.value('wingman_p2p_connected_total')).toBe(1);
  expect(await metrics.value('wingman_p2p_failed_total', { reason: 'ice' })).toBe(1);
  expect(await metrics.value('wingman_p2p_failed_total', { reason: 'unknown' })).toBe(1);
  expect(await metrics.value('wingman_fallbacks_total')).toBe(1);
  expect(text).toContain('wingman_p2p_setup_seconds_sum 60\n');
  const beside = 4;
  expect(await metrics.value('wingman_p2p_attempts_total')).toBe(
    SERVER_LIMITS.viewerReportBurst - beside,
  );
});

test('a viewer that floods is closed', async () => {
  const { host } = await startSession({}, {}, new FakeClock());
  const viewer = await FakeViewer.connect(host);
  for (let index = 0; index <= SERVER_LIMITS.viewerMessageBurst; index += 1) {
    viewer.send({ message: { $case: 'heartbeat', value: { nonce: 1n, reply: true } } });
  }
  expect((await viewer.client.closed).code).toBe(CloseCode.PROTOCOL);
});

test.each([
  ['text', 'text'],
  ['garbage', Buffer.from([0xff, 0xff])],
  [
    'a malformed link id',
    encodeMessage(ViewerMessage, {
      message: { $case: 'connectionRequest', value: { linkId: '../x' } },
    }),
  ],
])('%s from a viewer closes its connection only', async (_name, data) => {
  const { host } = await startSession();
  const viewer = await FakeViewer.connect(host);
  const other = await FakeViewer.connect(host);
  viewer.client.socket.send(data);
  expect((await viewer.client.closed).code).toBe(CloseCode.PROTOCOL);
  expect(other.client.socket.readyState).toBe(other.client.socket.OPEN);
});

test('a tab has one link', async () => {
  const { host } = await startSession();
  const viewer = await FakeViewer.join(host);
  viewer.request(newLinkId());
  expect((await viewer.client.closed).code).toBe(CloseCode.PROTOCOL);
});

test('the signaling of an unknown session says so by message and by code', async () => {
  const server = await startServer();
  const name = `nobody.localhost:${server.port}`;
  const client = await ClientSocket.open(server.port, name, '/__wingman/signal');
  expect((await client.closed).code).toBe(CloseCode.SESSION_UNKNOWN);
});
