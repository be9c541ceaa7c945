import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { create, HostRegistered, IceServer } from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { HostIdentity } from '../src/tunnel/identity.js';
import { Lease } from '../src/tunnel/lease.js';
import { FakeClock } from './support/fake-clock.js';

const HOUR = 3_600_000;
let identity: HostIdentity;
let clock: FakeClock;
let lease: Lease;
let expired = 0;

beforeAll(async () => {
  identity = await HostIdentity.create();
});

beforeEach(() => {
  clock = new FakeClock();
  expired = 0;
  lease = new Lease({ identity, ttlMs: HOUR, stunServers: [] }, clock, () => (expired += 1));
});

type Fields = Partial<Pick<HostRegistered, 'origin' | 'expiresAtMs' | 'iceServers'>>;

function take(fields: Fields = {}): void {
  const origin = `https://${identity.session}.tunnel.example`;
  lease.take(create(HostRegistered, { origin, expiresAtMs: inMs(HOUR / 2), ...fields }));
}

const inMs = (milliseconds: number): bigint => BigInt(Date.now() + milliseconds);

test('the session’s origin is taken, and the session ends when the server says', () => {
  take();
  expect(lease.origin).toBe(`https://${identity.session}.tunnel.example`);
  clock.advance(HOUR / 2 - 2 * HOST_LIMITS.drainMs);
  expect(expired).toBe(0);
  clock.advance(HOST_LIMITS.drainMs);
  expect(expired).toBe(1);
});

test.each([
  ['nothing', () => ''],
  ['another site', () => 'https://example.com'],
  ['another session', () => 'https://other.tunnel.example'],
  ['a name that only begins like it', (own: string) => `https://${own}x.tunnel.example`],
  ['a scheme that browsers run', (own: string) => `javascript://${own}.tunnel.example`],
  ['a path behind it', (own: string) => `https://${own}.tunnel.example/evil`],
  ['a user before it', (own: string) => `https://${own}.tunnel.example@example.com`],
  [
    'a terminal’s commands in it',
    (own: string) => `https://${own}.tunnel.example/\u001b]0;x\u0007`,
  ],
])('a server that lies about the public URL is refused: %s', (_name, origin) => {
  expect(() => take({ origin: origin(identity.session) })).toThrow(
    expect.objectContaining({ code: 'REFUSED' }),
  );
  expect([lease.isGranted, lease.origin, clock.pending]).toEqual([false, undefined, []]);
});

test.each([2n ** 64n - 1n, 2n ** 53n])(
  'a server grants no more time than was asked for: %s',
  (end) => {
    take({ expiresAtMs: end });
    expect(lease.remainingMs).toBeLessThanOrEqual(HOUR);
    expect(lease.remainingMs).toBeGreaterThan(HOUR - 60_000);
    expect(expired).toBe(0);
  },
);

test('addresses for ICE that are none, or too many, don’t reach an engine', () => {
  const urls = ['stun:a.example', 'file:///etc/passwd', 'stun:a b', 'turn:[::1', ''];
  const many = Array.from({ length: 1000 }, () => create(IceServer, { urls }));
  take({ iceServers: many });
  expect(lease.iceServers).toHaveLength(HOST_LIMITS.iceServers);
  expect(new Set(lease.iceServers.flatMap((server) => server.urls))).toEqual(
    new Set(['stun:a.example']),
  );
  take({ iceServers: [create(IceServer, { urls: Array<string>(1000).fill('stun:a.example') })] });
  expect(lease.iceServers).toEqual([]);
});
