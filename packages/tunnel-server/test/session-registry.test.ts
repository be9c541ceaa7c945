import { beforeEach, describe, expect, test } from '@jest/globals';
import { CloseCode, type SentCase, type ServerToHost } from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { Metrics } from '../src/metrics.js';
import { LiveSession } from '../src/sessions/live-session.js';
import { Holders } from '../src/sessions/holders.js';
import { SessionRegistry } from '../src/sessions/session-registry.js';
import { ENDINGS, type EndReason, type Grant, type HostPort } from '../src/sessions/session.js';
import { StunCoordination } from '../src/stun/stun-coordination.js';
import { FakeClock } from './support/fake-clock.js';
import { NO_SOURCES } from './support/no-sources.js';

const HOUR_MS = 3_600_000;
const GRACE_MS = 60_000;

/** The far end of a host's signaling connection, which writes down what it is told. */
class HostLog implements HostPort {
  readonly dialToken = 'token';
  readonly requestId = undefined;
  readonly address: string = '192.0.2.7';
  readonly whereabouts = 'since ever from here';
  readonly told: SentCase<ServerToHost>[] = [];
  readonly closes: number[] = [];
  readonly replacedBy: HostPort[] = [];
  constructor(readonly instance = 'one') {}
  move(): void {}
  welcome(): void {}
  replaced(by: HostPort): void {
    this.closes.push(CloseCode.REPLACED);
    this.replacedBy.push(by);
  }
  send(message: SentCase<ServerToHost>): void {
    this.told.push(message);
  }
  close(code: number): void {
    this.closes.push(code);
  }
}

let clock: FakeClock;
let registry: SessionRegistry;
let ended: string[];
let refusals: string[];
let withRoomFor: (maxSessions: number) => SessionRegistry;

beforeEach(() => {
  clock = new FakeClock();
  ended = [];
  refusals = [];
  const stun = new StunCoordination({
    stunUrls: () => [],
    turnUrls: [],
    turnSecret: undefined,
    wallClock: () => 0,
  });
  const around = {
    clock,
    metrics: new Metrics(NO_SOURCES),
    stun,
    holders: new Holders(),
    p2pEnabled: true,
    p2pTimeoutMs: 10_000,
    sparesRelay: false,
    hostGraceMs: GRACE_MS,
    maxViewers: 2,
    originOf: (name: string) => `http://${name}.localhost`,
  };
  withRoomFor = (maxSessions) =>
    new SessionRegistry({
      clock,
      maxSessions,
      maxSessionsPerAddress: 2,
      refused: (limit) => refusals.push(limit),
      create: (name, onEnd) =>
        new LiveSession(name, around, (reason) => {
          ended.push(`${name} ${reason}`);
          onEnd(reason);
        }),
    });
  registry = withRoomFor(2);
});

function grant(host: HostPort, changes: Partial<Grant> = {}): Grant {
  const expiresAt = clock.now() + HOUR_MS;
  const keys = { prekey: new Uint8Array(), gateKey: new Uint8Array(32) };
  return {
    host,
    takeOver: false,
    ...keys,
    ingressAllowed: true,
    sharedBy: '',
    expiresAt,
    ...changes,
  };
}

/** Every session of these tests comes from another network, unless it says which. */
const register = (name: string, host: HostPort = new HostLog(), network = name): LiveSession =>
  registry.register(name, network, grant(host));

describe('the registry', () => {
  test('finds a session by its name', () => {
    const live = register('a');
    expect(registry.lookup('a')).toEqual({ found: 'session', session: live });
    expect(registry.lookup('b')).toEqual({ found: 'unknown' });
    expect(live.session.origin).toBe('http://a.localhost');
    expect([...registry.all()]).toEqual([live]);
  });

  test('has one session for each name, whoever registers it', () => {
    expect(register('a')).toBe(register('a'));
    expect(registry.size).toBe(1);
  });

  test('knows the only one, while it is the only one', () => {
    expect(registry.only).toBeUndefined();
    const live = register('a');
    expect(registry.only).toBe(live);
    register('b');
    expect(registry.only).toBeUndefined();
  });

  test('counts the sessions of other ports as parts of their main session', () => {
    const [main, other] = ['abcdefghijklmnop', 'abcdefghijklmnop-8080'];
    const live = register(main);
    register(other);
    expect(registry.only).toBe(live);
    expect([registry.besides(main), registry.besides(other)]).toEqual([[other], [main]]);
  });

  test('has room for so many, and for those that are there already', () => {
    register('a');
    register('b');
    expect(() => register('c')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    expect(() => register('a')).not.toThrow();
    registry.lookup('a');
    expect(registry.size).toBe(2);
  });

  test('has room for so many of one network, and for others beside them', () => {
    registry = withRoomFor(9);
    register('a', undefined, 'office');
    const gone = register('b', undefined, 'office');
    expect(() => register('c', undefined, 'office')).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(refusals).toEqual(['sessions-per-address']);
    register('d', undefined, 'home');
    gone.session.end('stopped');
    expect(() => register('c', undefined, 'office')).not.toThrow();
  });

  test('a host that moves on keeps its session, and makes no room where it came from', () => {
    registry = withRoomFor(9);
    register('a', undefined, 'office');
    register('b', undefined, 'office');
    expect(() => register('a', undefined, 'home')).not.toThrow();
    expect(() => register('c', undefined, 'office')).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });

  test.each<EndReason>(['abandoned', 'stopped'])(
    'a name whose session was %s lately gets through when the server is full, others do not',
    (reason) => {
      register('known').session.end(reason);
      register('a');
      register('b');
      expect(() => register('stranger')).toThrow(
        expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
      );
      expect(refusals).toEqual(['sessions']);
      expect(register('known').session.state).toBe('online');
    },
  );

  test('names known lately get through only up to a share, and not for ever', () => {
    for (const name of ['first', 'second']) register(name).session.end('abandoned');
    register('a');
    register('b');
    register('first');
    expect(() => register('second')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    registry.endAll('abandoned');
    clock.advance(SERVER_LIMITS.endedSessionMs);
    register('c');
    register('d');
    expect(() => register('second')).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  test.each<[EndReason, string]>([
    ['stopped', 'ended'],
    ['expired', 'ended'],
    ['abandoned', 'unknown'],
    ['shutdown', 'unknown'],
  ])('of a session that was %s the name is %s', (reason, found) => {
    register('a').session.end(reason);
    expect(registry.lookup('a')).toEqual({ found });
    expect(registry.size).toBe(0);
    expect(ended).toEqual([`a ${reason}`]);
  });

  test('forgets an end after a while', () => {
    register('a').session.end('stopped');
    clock.advance(SERVER_LIMITS.endedSessionMs - 1);
    expect(registry.lookup('a').found).toBe('ended');
    clock.advance(1);
    expect(registry.lookup('a').found).toBe('unknown');
  });

  test('remembers so many ends, the newest', () => {
    for (let count = 0; count <= SERVER_LIMITS.endedSessionsRemembered; count += 1) {
      register(`s${count}`).session.end('stopped');
    }
    expect(registry.lookup('s0').found).toBe('unknown');
    expect(registry.lookup('s1').found).toBe('ended');
    expect(registry.lookup(`s${SERVER_LIMITS.endedSessionsRemembered}`).found).toBe('ended');
  });

  test('a name that ended is a session again when its host is back', () => {
    register('a').session.end('stopped');
    const live = register('a');
    expect(registry.lookup('a')).toEqual({ found: 'session', session: live });
    live.session.end('abandoned');
    expect(registry.lookup('a').found).toBe('unknown');
  });

  test('can end all at once', () => {
    register('a');
    register('b');
    registry.endAll('shutdown');
    expect(ended).toEqual(['a shutdown', 'b shutdown']);
    expect(registry.size).toBe(0);
    expect(clock.pending).toEqual([]);
  });
});

describe('a session with all its parts', () => {
  test('asks the host for one spare connection for viewers, and for none of its own', () => {
    const host = new HostLog();
    register('a', host);
    const asked = host.told.filter(({ $case }) => $case === 'dialRequest');
    expect(asked).toHaveLength(1);
  });

  test('says whether it takes plain requests, as its host does', () => {
    const host = new HostLog();
    const live = registry.register('a', 'a', grant(host, { ingressAllowed: false }));
    expect([live.isOnline, live.ingressAllowed]).toEqual([true, false]);
    live.session.hostLost(host);
    expect(live.isOnline).toBe(false);
  });

  test('leaves no timer and no waiting part behind when it ends', async () => {
    const live = register('a');
    const taking = live.relayDials.take().catch((error: { code: string }) => error.code);
    live.session.end('stopped');
    expect(await taking).toBe('SESSION_ENDED');
    expect(clock.pending).toEqual([]);
  });

  test('is told of its host’s absence by the host itself only', () => {
    const [older, newer] = [new HostLog(), new HostLog()];
    const live = register('a', older);
    register('a', newer);
    expect(older.closes).toEqual([CloseCode.REPLACED]);
    live.session.hostLost(older);
    expect(live.isOnline).toBe(true);
    live.session.hostLost(newer);
    expect(live.isOnline).toBe(false);
  });

  test('tells its host why it ended, but not at a shutdown: the host is to come back', () => {
    const told = (reason: EndReason): [string[], number[]] => {
      const host = new HostLog();
      register('a', host).session.end(reason);
      const refusals = host.told.filter(({ $case }) => $case === 'refusal');
      return [refusals.map(({ value }) => (value as { code: string }).code), host.closes];
    };
    expect(told('expired')).toEqual([['SESSION_ENDED'], [ENDINGS.expired.closeCode]]);
    expect(told('shutdown')).toEqual([[], [CloseCode.GOING_AWAY]]);
  });

  test('expires by itself, and never later than its first registration said', () => {
    const host = new HostLog();
    registry.register('a', 'a', grant(host));
    clock.advance(HOUR_MS / 2);
    registry.register('a', 'a', grant(host));
    clock.advance(HOUR_MS / 2 - 1);
    expect(ended).toEqual([]);
    clock.advance(1);
    expect(ended).toEqual(['a expired']);
  });

  test('can’t be registered once it has ended', () => {
    const { session } = register('a');
    session.end('stopped');
    expect(() => session.register(grant(new HostLog()))).toThrow(
      expect.objectContaining({ code: 'SESSION_ENDED' }),
    );
  });
});
