import { describe, expect, test } from '@jest/globals';
import { asksRouter, type ShareGiven } from '../src/config.js';
import { complaint, share } from './support/given-settings.js';

describe('the router is asked for ports', () => {
  const asks = (isWatched: boolean, given: ShareGiven, env: Record<string, string> = {}): boolean =>
    asksRouter(share(given, env), isWatched);
  const server = 'https://tunnel.example.org';

  test('in a terminal, with a server that is named', () => {
    expect([asks(true, { server }), asks(true, {}), asks(false, { server })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('wherever somebody has said so, and never where it is switched off', () => {
    expect([asks(false, {}, { PORT_MAPPING: 'true' }), asks(false, { mapsPorts: 'true' })]).toEqual(
      [true, true],
    );
    expect([
      asks(true, { server, mapsPorts: 'false' }),
      asks(true, { server }, { PORT_MAPPING: 'false' }),
    ]).toEqual([false, false]);
  });
});

describe('the local network', () => {
  test('is served when it is asked for, at an address of one’s own', () => {
    expect(share({})).toMatchObject({ isOnLan: false, lanAddress: undefined });
    expect(share({ isOnLan: 'true', lanAddress: '10.0.0.7' })).toMatchObject({
      isOnLan: true,
      lanAddress: '10.0.0.7',
    });
    expect(share({ hasLanTls: 'true', lanAddress: '10.0.0.7' }).lanAddress).toBe('10.0.0.7');
    expect(complaint({ lanAddress: '10.0.0.7' })).toContain('add --lan or --lan-tls');
    expect(complaint({ isOnLan: 'true', lanAddress: 'home' })).toContain('--lan-address "home"');
  });

  test('by TLS is served with a passphrase and approval, too', () => {
    const asked = { hasLanTls: 'true', asksPassphrase: 'true', asksDeveloper: 'true' };
    expect(share(asked)).toMatchObject({ isOnLan: true, hasLanTls: true, ingress: 'off' });
    expect(complaint({ ...asked, server: 'https://t.example' })).toContain('--server');
  });

  test.each([
    ['another tunnel server', { server: 'https://tunnel.example.org' }, '--server'],
    ['a passphrase', { asksPassphrase: 'true' }, '--passphrase'],
    ['approval', { asksDeveloper: 'true' }, '--approve'],
    ['no plain HTTP', { ingress: 'off' }, '--ingress off'],
  ])('is not served with %s', (_, given, named) => {
    expect(complaint({ isOnLan: 'true', ...given })).toContain(named);
  });
});
