import { proveToken, tokenKey } from '@wingman/node-kit';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CAPABILITIES, PROTOCOL_VERSION, type RegisterHost } from '@wingman/protocol';
import { createHostKeys, type HostKeys } from '../src/tunnel/admission.js';
import type { HostOptions } from '../src/tunnel/host-types.js';
import { HostIdentity } from '../src/tunnel/identity.js';
import type { Lease } from '../src/tunnel/lease.js';
import { Registrations } from '../src/tunnel/registrations.js';

const NONCE = Uint8Array.from({ length: 16 }, (_, at) => at);

let identity: HostIdentity;
let keys: HostKeys;
let lease: { isGranted: boolean; remainingMs: number };

beforeAll(async () => {
  identity = await HostIdentity.create();
  keys = await createHostKeys(identity);
});

beforeEach(() => void (lease = { isGranted: false, remainingMs: 90_000 }));

const run = (options: Partial<HostOptions> = {}): Registrations =>
  new Registrations({ identity, ingress: 'key', ...options }, keys, lease as Lease);

function said(registrations: Registrations, nonce = NONCE): RegisterHost {
  const message = registrations.create(nonce);
  if (message.$case !== 'registerHost') throw new Error(`it says ${message.$case}`);
  return message.value as RegisterHost;
}

describe('a registration', () => {
  test('has the version, the keys, and how long the session should still live', () => {
    expect(said(run())).toMatchObject({
      protocolVersion: PROTOCOL_VERSION,
      capabilities: CAPABILITIES,
      ttlSeconds: 90,
      prekey: keys.prekeys.current,
      gateKey: keys.admission.gateKey,
    });
  });

  test('proves the key anew for each connection', () => {
    const registrations = run();
    const [first, second] = [said(registrations), said(registrations, NONCE.toReversed())];
    expect(first).toMatchObject(identity.proveRegistration(NONCE));
    expect(second).toMatchObject(identity.proveRegistration(NONCE.toReversed()));
  });

  test('asks for what is left of the session, in whole seconds', () => {
    for (const [remainingMs, ttlSeconds] of [
      [1_499, 1],
      [1_500, 2],
      [3_600_000, 3_600],
    ] as const) {
      lease.remainingMs = remainingMs;
      expect(said(run()).ttlSeconds).toBe(ttlSeconds);
    }
  });

  test('never asks for no time at all: that would be for as long as the server likes', () => {
    for (const remainingMs of [400, 0, -5_000]) {
      lease.remainingMs = remainingMs;
      expect(said(run()).ttlSeconds).toBe(1);
    }
  });

  test('says by one number for each run that a host which comes back is the same', () => {
    const registrations = run();
    const [first, again] = [said(registrations), said(registrations)];
    expect(again.instance).toEqual(first.instance);
    expect(first.instance.length).toBe(16);
    expect(said(run()).instance).not.toEqual(first.instance);
  });

  test.each([
    ['key', true],
    ['open', true],
    ['off', false],
  ] as const)('with the ingress %s: allowed %j', (ingress, isAllowed) => {
    expect(said(run({ ingress })).ingressAllowed).toBe(isAllowed);
  });

  test('takes a name over once: a host that comes back may have been replaced itself', () => {
    const registrations = run({ takeOver: true });
    expect(said(registrations).takeOver).toBe(true);
    lease.isGranted = true;
    expect(said(registrations).takeOver).toBe(false);
    expect(said(run()).takeOver).toBe(false);
  });

  test('proves its token for this session and connection, and never shows it', () => {
    const token = 'a-token-of-the-operator';
    const value = said(run({ token }));
    expect(value.tokenProof).toEqual(proveToken(tokenKey(token), identity.session, NONCE));
    expect(Buffer.from(value.tokenProof).includes(token)).toBe(false);
    expect(said(run())).not.toHaveProperty('tokenProof');
  });
});
