import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  CloseCode,
  newLinkId,
  P2pEvent,
  P2pFailure,
  RejectReason,
  type HostMessage,
  type ReceivedCase,
  type SentCase,
  type ServerToHost,
  type ServerToViewer,
  type ViewerMessage,
} from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { Metrics } from '../src/metrics.js';
import { ENDINGS, Session, type HostPort } from '../src/sessions/session.js';
import { P2pSignaling } from '../src/signaling/p2p-signaling.js';
import { ConnectionReports } from '../src/signaling/viewer-connection.js';
import { ViewerRoster, type ViewerPort } from '../src/signaling/viewer-roster.js';
import { StunCoordination } from '../src/stun/stun-coordination.js';
import { FakeClock } from './support/fake-clock.js';
import { NO_SOURCES } from './support/no-sources.js';

/** The far end of a viewer's signaling connection, which writes down what it is told. */
class ViewerLog implements ViewerPort {
  readonly address = '192.0.2.8';
  readonly told: SentCase<ServerToViewer>[] = [];
  readonly closes: number[] = [];
  send(message: SentCase<ServerToViewer>): void {
    this.told.push(message);
  }
  close(code: number): void {
    this.closes.push(code);
  }
}

/** The same for the host's. */
class HostLog implements HostPort {
  readonly dialToken = 'token';
  readonly requestId = undefined;
  readonly instance = 'one';
  readonly address: string = '192.0.2.7';
  readonly whereabouts = 'since ever from here';
  readonly told: SentCase<ServerToHost>[] = [];
  move(): void {}
  welcome(): void {}
  replaced(): void {}
  close(): void {}
  send(message: SentCase<ServerToHost>): void {
    this.told.push(message);
  }
}

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

const PROOF = new Uint8Array(32);
const NONCE = new Uint8Array(16).fill(7);

describe('the roster of a session’s viewers', () => {
  test('lets as many join as the session may have', () => {
    const roster = new ViewerRoster(2);
    const links = [newLinkId(), newLinkId(), newLinkId()];
    const joined = links.map((link) => roster.join(link, new ViewerLog()).joined);
    expect(joined).toEqual([true, true, false]);
  });

  test('lets a few more connect: a reloaded tab overlaps with itself', () => {
    const roster = new ViewerRoster(2);
    const room = 2 + SERVER_LIMITS.viewerSocketSlack;
    const viewers = Array.from({ length: room }, () => new ViewerLog());
    expect(viewers.every((viewer) => roster.connect(viewer))).toBe(true);
    expect(roster.connect(new ViewerLog())).toBe(false);
    expect(roster.size).toBe(room);
    roster.disconnect(viewers[0]!, undefined);
    expect(roster.connect(new ViewerLog())).toBe(true);
  });

  test('a second tab of one link replaces the first, which then owns nothing', () => {
    const roster = new ViewerRoster(1);
    const link = newLinkId();
    const [older, newer] = [new ViewerLog(), new ViewerLog()];
    expect(roster.join(link, older)).toEqual({ joined: true, replaced: undefined });
    expect(roster.join(link, newer)).toEqual({ joined: true, replaced: older });
    expect(roster.join(link, newer)).toEqual({ joined: true, replaced: undefined });
    expect(roster.disconnect(older, link)).toBe(false);
    expect(roster.byLink(link)).toBe(newer);
    expect(roster.disconnect(newer, link)).toBe(true);
    expect(roster.byLink(link)).toBeUndefined();
  });

  test('a wait for a tab ends when it is back, and when it leaves again', () => {
    const roster = new ViewerRoster(2);
    const link = newLinkId();
    const ended: string[] = [];
    const wait = (name: string) => clock.setTimeout(() => ended.push(name), 1_000);
    roster.waitFor(link, wait('first'));
    roster.waitFor(link, wait('second'));
    roster.join(link, new ViewerLog());
    clock.advance(10_000);
    expect(ended).toEqual([]);
    roster.waitFor(link, wait('third'));
    clock.advance(1_000);
    expect(ended).toEqual(['third']);
  });

  test('tells all when the host comes, goes, and when the session ends', () => {
    const roster = new ViewerRoster(2);
    const viewer = new ViewerLog();
    roster.connect(viewer);
    roster.waitFor(
      newLinkId(),
      clock.setTimeout(() => undefined, 1_000),
    );
    roster.hostOnline();
    roster.hostOffline(false);
    roster.ended(ENDINGS.stopped);
    expect(viewer.told.map(({ value }) => value)).toMatchObject([
      { online: true, sessionEnded: false },
      { online: false, sessionEnded: false },
      { online: false, sessionEnded: true, endReason: ENDINGS.stopped.reason },
    ]);
    expect(viewer.closes).toEqual([CloseCode.SESSION_ENDED]);
    expect(clock.pending).toEqual([]);
  });

  test('an abandoned session has not ended for its viewers: the host may come back', () => {
    const roster = new ViewerRoster(2);
    const viewer = new ViewerLog();
    roster.connect(viewer);
    roster.ended(ENDINGS.abandoned);
    expect(viewer.told.at(-1)?.value).toMatchObject({ online: false, sessionEnded: false });
    expect(viewer.closes).toEqual([CloseCode.HOST_OFFLINE]);
  });
});

describe('signaling between viewers and their host', () => {
  const link = newLinkId();
  let host: HostLog;
  let viewer: ViewerLog;
  let session: Session;
  let viewers: ViewerRoster;

  beforeEach(() => {
    host = new HostLog();
    viewer = new ViewerLog();
    session = new Session({
      name: 'a',
      origin: 'http://a.localhost',
      clock,
      graceMs: 60_000,
      onEnd: () => undefined,
    });
    register();
    viewers = new ViewerRoster(2);
    viewers.join(link, viewer);
  });

  function register(): void {
    const keys = { prekey: new Uint8Array(), gateKey: new Uint8Array(32) };
    session.register({
      host,
      takeOver: false,
      ...keys,
      ingressAllowed: true,
      sharedBy: '',
      expiresAt: 3_600_000,
    });
  }

  function create(options: { p2pEnabled?: boolean; sparesRelay?: boolean } = {}): P2pSignaling {
    const stun = new StunCoordination({
      stunUrls: () => ['stun:a.example'],
      turnUrls: [],
      turnSecret: undefined,
      wallClock: () => 0,
    });
    const p2p = { p2pEnabled: true, p2pTimeoutMs: 9_000, sparesRelay: false, ...options };
    return new P2pSignaling({ session, clock, viewers, stun, ...p2p });
  }

  const offer = (linkId: string): ReceivedCase<ViewerMessage> => ({
    $case: 'offer',
    value: { linkId, attempt: 1, sdp: 'v=0', proof: PROOF },
  });

  const accept = (changes: object = {}): ReceivedCase<HostMessage> => ({
    $case: 'connectionAccept',
    value: {
      ...{ linkId: link, p2p: true, p2pTimeoutMs: 0, iceServers: [], nonce: NONCE },
      ...{ spareRelay: false, ...changes },
    },
  });

  test('an offer goes to the host, for the link that the viewer has joined with only', () => {
    const signaling = create();
    signaling.fromViewer(offer(link), link);
    signaling.fromViewer(offer(newLinkId()), link);
    signaling.fromViewer(offer(link), undefined);
    expect(host.told).toEqual([offer(link)]);
  });

  test('what comes while the host is briefly away reaches it when it is back, once and in order', () => {
    const signaling = create();
    session.addPart(signaling);
    session.hostLost(host);
    const candidate: ReceivedCase<ViewerMessage> = {
      $case: 'iceCandidate',
      value: { linkId: link, attempt: 1, candidate: 'candidate:1', sdpMid: '0' },
    };
    signaling.fromViewer(offer(link), link);
    signaling.fromViewer(candidate, link);
    signaling.fromViewer(offer(newLinkId()), link);
    clock.advance(SERVER_LIMITS.awayMs - 1);
    const returned = new HostLog();
    host = returned;
    register();
    expect(returned.told).toEqual([offer(link), candidate]);
    session.hostLost(returned);
    signaling.fromViewer(offer(link), link);
    clock.advance(SERVER_LIMITS.awayMs);
    host = new HostLog();
    register();
    expect(host.told).toEqual([]);
  });

  test('nothing waits for the host of a session that has ended', () => {
    const signaling = create();
    session.addPart(signaling);
    session.hostLost(host);
    signaling.fromViewer(offer(link), link);
    session.end('stopped');
    signaling.hostOnline();
    expect(host.told).toEqual([]);
  });

  test('what is no offer and no candidate goes to nobody', () => {
    const signaling = create();
    signaling.fromViewer(undefined, link);
    const value = { linkId: link, proof: PROOF };
    signaling.fromViewer({ $case: 'connectionRequest', value }, link);
    expect(host.told).toEqual([]);
  });

  test('without direct paths no offer passes, and none is invited', () => {
    const signaling = create({ p2pEnabled: false });
    signaling.fromViewer(offer(link), link);
    signaling.fromHost(accept());
    expect(host.told).toEqual([]);
    expect(viewer.told[0]?.value).toMatchObject({ p2p: false, iceServers: [] });
  });

  test('an accepted viewer gets ICE servers, and the server’s time unless the host names one', () => {
    const signaling = create();
    signaling.fromHost(accept());
    signaling.fromHost(accept({ p2pTimeoutMs: 1_234 }));
    expect(viewer.told.map(({ value }) => value)).toMatchObject([
      { p2p: true, p2pTimeoutMs: 9_000, iceServers: [{ urls: ['stun:a.example'] }], nonce: NONCE },
      { p2p: true, p2pTimeoutMs: 1_234 },
    ]);
  });

  test.each([
    [false, false, false],
    [false, true, true],
    [true, false, true],
    [true, true, true],
  ])(
    'the relay is spared where the operator (%j) or the developer (%j) wants it: %j',
    (operator, developer, expected) => {
      create({ sparesRelay: operator }).fromHost(accept({ spareRelay: developer }));
      expect(viewer.told[0]?.value).toMatchObject({ spareRelay: expected });
    },
  );

  test('the host’s word reaches the viewer of its link, and nobody else', () => {
    const signaling = create();
    const answer = (linkId: string): ReceivedCase<HostMessage> => ({
      $case: 'answer',
      value: { linkId, attempt: 1, sdp: 'v=0' },
    });
    signaling.fromHost(answer(link));
    signaling.fromHost(answer(newLinkId()));
    signaling.fromHost(answer('no link'));
    signaling.fromHost(undefined);
    expect(viewer.told).toEqual([answer(link)]);
  });

  test('a viewer is rejected when there is no host, or no room', () => {
    const signaling = create();
    session.hostLost(host);
    signaling.requestConnection({ linkId: link, proof: PROOF }, viewer);
    signaling.rejectForRoom(link, viewer);
    expect(viewer.told.map(({ value }) => value)).toEqual([
      { linkId: link, reason: RejectReason.HOST_OFFLINE },
      { linkId: link, reason: RejectReason.TOO_MANY_VIEWERS },
    ]);
  });

  test('the host is told how a viewer has left', () => {
    const signaling = create();
    signaling.viewerLeft(link, {});
    signaling.viewerLeft(link, { isFinal: true });
    signaling.viewerLeft(link, { isPresumed: true });
    expect(host.told.map(({ value }) => value)).toEqual([
      { linkId: link, isFinal: false, isPresumed: false },
      { linkId: link, isFinal: true, isPresumed: false },
      { linkId: link, isFinal: false, isPresumed: true },
    ]);
  });
});

describe('what viewers report of their direct paths', () => {
  let metrics: Metrics;
  let reports: ConnectionReports;
  const KINDS = { viewer: 'shifting', host: 'some' } as const;

  beforeEach(() => {
    metrics = new Metrics(NO_SOURCES);
    reports = new ConnectionReports(metrics, clock, { of: (end) => KINDS[end] });
  });

  const report = (
    event: P2pEvent,
    setupMs = 0,
    failure = P2pFailure.UNSPECIFIED,
    isTurn = false,
  ): void => reports.count({ linkId: newLinkId(), event, setupMs, failure, isTurn });

  test('is counted by its kind', async () => {
    report(P2pEvent.ATTEMPT);
    report(P2pEvent.CONNECTED, 250);
    report(P2pEvent.CONNECTED, 300, P2pFailure.UNSPECIFIED, true);
    report(P2pEvent.FAILED, 0, P2pFailure.ICE);
    report(P2pEvent.FALLBACK);
    report(P2pEvent.UNSPECIFIED);
    expect(await metrics.value('wingman_p2p_attempts_total')).toBe(1);
    expect(await metrics.value('wingman_p2p_connected_total', { way: 'direct' })).toBe(1);
    expect(await metrics.value('wingman_p2p_connected_total', { way: 'turn' })).toBe(1);
    expect(await metrics.value('wingman_p2p_failed_total', { reason: 'ice' })).toBe(1);
    expect(await metrics.value('wingman_fallbacks_total')).toBe(1);
  });

  test('is counted by the NATs of both ends', async () => {
    report(P2pEvent.FAILED, 0, P2pFailure.NAT);
    report(P2pEvent.CONNECTED, 300, P2pFailure.UNSPECIFIED, true);
    const pair = { viewer_nat: 'shifting', host_nat: 'some' };
    const counted = (outcome: string): Promise<number> =>
      metrics.value('wingman_p2p_pairs_total', { ...pair, outcome });
    expect([await counted('nat'), await counted('turn'), await counted('direct')]).toEqual([
      1, 1, 0,
    ]);
  });

  test('can make no labels of its own', async () => {
    report(P2pEvent.FAILED, 0, 77 as P2pFailure);
    expect(await metrics.value('wingman_p2p_failed_total', { reason: 'unknown' })).toBe(1);
  });

  test('is not believed beyond a minute', async () => {
    report(P2pEvent.CONNECTED, 4_000_000);
    const { body } = await metrics.render();
    expect(body).toContain('wingman_p2p_setup_seconds_sum 60');
  });

  test('counts no more than a viewer can honestly have', async () => {
    for (let count = 0; count < 100; count += 1) report(P2pEvent.ATTEMPT);
    const { viewerReportBurst, viewerReportsPerSecond } = SERVER_LIMITS;
    expect(await metrics.value('wingman_p2p_attempts_total')).toBe(viewerReportBurst);
    clock.advance(10_000);
    for (let count = 0; count < 100; count += 1) report(P2pEvent.ATTEMPT);
    expect(await metrics.value('wingman_p2p_attempts_total')).toBe(
      viewerReportBurst + 10 * viewerReportsPerSecond,
    );
  });
});
