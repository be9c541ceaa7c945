import { expect, test } from '@jest/globals';
import { WingmanError } from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { isSameSecret, createDialToken } from '../src/sessions/registration.js';
import { Session, type EndReason, type HostPort } from '../src/sessions/session.js';
import { TokenBucket } from '../src/signaling/token-bucket.js';
import { DialBackPool } from '../src/relay/dial-back-pool.js';
import { FakeClock } from './support/fake-clock.js';

/** Stands at the far end of a session's host port and writes down what it is told. */
class HostLog implements HostPort {
  readonly dialToken = 'token';
  readonly requestId = undefined;
  readonly address: string = '192.0.2.7';
  readonly whereabouts = 'since 2026-11-22 12:03 UTC from 192.0.2.7';
  readonly told: string[] = [];
  constructor(readonly instance = 'one') {}
  replaced(by: HostPort): void {
    this.told.push(`replaced by ${by.instance}`);
  }
  move(): void {
    this.told.push('move');
  }

  welcome(): void {
    this.told.push('welcome');
  }
  send(message: { $case: string }): void {
    this.told.push(message.$case);
  }
  close(code: number): void {
    this.told.push(`close ${code}`);
  }
}

function createSession(clock: FakeClock) {
  const log: string[] = [];
  const session = new Session({
    name: 'a',
    origin: 'http://a.localhost',
    clock,
    graceMs: 60_000,
    onEnd: (reason: EndReason) => log.push(`end ${reason}`),
  });
  session.addPart({
    hostOnline: () => log.push('online'),
    hostOffline: () => log.push('offline'),
    ended: ({ code }) => log.push(`ended ${code}`),
  });
  const register = (host: HostPort, ttlMs = 3_600_000, takeOver = false) =>
    session.register({
      host,
      takeOver,
      prekey: new Uint8Array(),
      gateKey: new Uint8Array(32),
      ingressAllowed: true,
      sharedBy: '',
      expiresAt: clock.now() + ttlMs,
    });
  return { session, log, register };
}

test('a session goes online, offline, online again and ends once', () => {
  const clock = new FakeClock();
  const { log, register, session } = createSession(clock);
  const host = new HostLog();
  expect(session.state).toBe('offline');
  register(host);
  expect(session.state).toBe('online');
  session.hostLost(host);
  expect(session.state).toBe('offline');
  expect(session.host).toBeUndefined();
  register(new HostLog());
  session.end('stopped');
  session.end('expired');
  expect(session.state).toBe('ended');
  expect(log).toEqual(['online', 'offline', 'online', 'ended SESSION_ENDED', 'end stopped']);
  expect(clock.pending).toEqual([]);
  expect(() => register(host)).toThrow('ended');
  expect(clock.pending).toEqual([]);
});

test('another host takes the session only when it says so', () => {
  const { register, session } = createSession(new FakeClock());
  const [older, newer] = [new HostLog('one'), new HostLog('two')];
  register(older);
  expect(() => register(newer)).toThrow(
    expect.objectContaining({
      code: 'NAME_IN_USE',
      message: expect.stringContaining('from 192.0.2.7'),
    }),
  );
  expect([session.host, older.told, newer.told]).toEqual([older, ['welcome'], []]);
  register(newer, 1_000, true);
  expect(session.host).toBe(newer);
  expect(older.told).toEqual(['welcome', 'replaced by two']);
});

test('the newer host is welcome before the parts ask anything of it, and the older is closed', () => {
  const { register, session } = createSession(new FakeClock());
  const [older, newer] = [new HostLog(), new HostLog()];
  register(older);
  register(newer);
  expect(older.told).toEqual(['welcome', 'replaced by one']);
  session.hostLost(older);
  expect(session.state).toBe('online');
  expect(session.host).toBe(newer);
});

test('coming back does not prolong a session', () => {
  const clock = new FakeClock();
  const { log, register, session } = createSession(clock);
  const host = new HostLog();
  register(host, 100_000);
  clock.advance(90_000);
  session.hostLost(host);
  register(new HostLog(), 100_000);
  expect(session.remainingMs).toBe(10_000);
  clock.advance(10_000);
  expect(session.state).toBe('ended');
  expect(log.at(-1)).toBe('end expired');
});

test('a session is abandoned only when the whole grace time has passed', () => {
  const clock = new FakeClock();
  const { log, register, session } = createSession(clock);
  const host = new HostLog();
  register(host);
  session.hostLost(host);
  clock.advance(59_999);
  register(host);
  clock.advance(60_000);
  expect(session.state).toBe('online');
  session.hostLost(host);
  clock.advance(60_000);
  expect(log.at(-1)).toBe('end abandoned');
});

test('a token bucket lets its burst through, then its rate', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 3, 2);
  const taken = () => [1, 2, 3, 4].filter(() => bucket.take()).length;
  expect(taken()).toBe(3);
  clock.advance(1_000);
  expect(taken()).toBe(2);
  clock.advance(3_600_000);
  expect(taken()).toBe(3);
});

test('dial tokens match themselves only', () => {
  const token = createDialToken();
  expect(isSameSecret(token, token)).toBe(true);
  expect(isSameSecret(token, createDialToken())).toBe(false);
  expect(isSameSecret(undefined, '')).toBe(false);
});

test('those who wait for a dial-back are capped, timed out and told when the host goes', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const dials = new DialBackPool({
    clock,
    spare: 0,
    maxWaiting: 2,
    request: () => {
      asked += 1;
      return true;
    },
  });
  const codeOf = (taking: Promise<unknown>) =>
    taking.then(
      () => 'taken',
      (error: unknown) => (error instanceof WingmanError ? error.code : 'other'),
    );
  const first = codeOf(dials.take());
  const second = codeOf(dials.take());
  expect(asked).toBe(2);
  expect(await codeOf(dials.take())).toBe('LIMIT_EXCEEDED');
  clock.advance(SERVER_LIMITS.dialBackMs);
  expect(await Promise.all([first, second])).toEqual(['TIMEOUT', 'TIMEOUT']);
  const third = codeOf(dials.take());
  dials.hostOffline(false);
  expect(await third).toBe('HOST_OFFLINE');
  expect(clock.pending).toEqual([]);
});
