import { describe, expect, test } from '@jest/globals';
import {
  parseDuration,
  tunnelServerConfig,
  tunnelServerConfigFromEnvironment,
  tunnelServerVariables,
} from '../src/config.js';

test('an empty environment gives the defaults', () => {
  expect(tunnelServerConfigFromEnvironment({})).toEqual({
    host: '127.0.0.1',
    port: 8787,
    publicUrl: undefined,
    domain: 'localhost',
    stunServers: [],
    stunEmbedded: true,
    stunPort: undefined,
    turnUrls: [],
    turnSecret: undefined,
    p2pEnabled: true,
    p2pTimeoutMs: 10_000,
    sessionTtlMs: 8 * 3_600_000,
    hostGraceMs: 60_000,
    maxSessions: 1000,
    maxViewers: 8,
    linkGraceMs: 60_000,
    logLevel: 'info',
    trustProxy: false,
    answerBareAddress: false,
    assetsDirectory: undefined,
  });
});

test('writing every default out changes nothing, and neither does leaving it empty', () => {
  const written: Record<string, string> = {};
  const empty: Record<string, string> = {};
  for (const variable of tunnelServerVariables) {
    written[variable.name] = variable.default;
    empty[variable.name] = '';
  }
  const defaults = tunnelServerConfigFromEnvironment({});
  expect(tunnelServerConfigFromEnvironment(written)).toEqual(defaults);
  expect(tunnelServerConfigFromEnvironment(empty)).toEqual(defaults);
});

test('every variable is described in one line', () => {
  for (const { meaning, name } of tunnelServerVariables) {
    expect(name).toMatch(/^[A-Z0-9_]+$/);
    expect(meaning).toMatch(/^[^\n]{10,120}\.$/);
  }
});

test('lists, flags and durations are read', () => {
  const config = tunnelServerConfigFromEnvironment({
    STUN_SERVERS: 'stun:a.example:3478, stun:192.0.2.1',
    TURN_URLS: 'turn:t.example?transport=udp',
    TURN_SECRET: 'secret',
    P2P_ENABLED: 'no',
    SESSION_TTL: '90m',
    TUNNEL_PORT: '0',
  });
  expect(config).toMatchObject({
    stunServers: ['stun:a.example:3478', 'stun:192.0.2.1'],
    turnUrls: ['turn:t.example?transport=udp'],
    turnSecret: 'secret',
    p2pEnabled: false,
    sessionTtlMs: 90 * 60_000,
    port: 0,
  });
});

test('the domain follows the public URL unless it is named', () => {
  const url = { TUNNEL_PUBLIC_URL: 'https://tunnel.example.org' };
  expect(tunnelServerConfigFromEnvironment(url).domain).toBe('tunnel.example.org');
  const both = { ...url, TUNNEL_DOMAIN: 'apps.example.org' };
  expect(tunnelServerConfigFromEnvironment(both).domain).toBe('apps.example.org');
});

describe('an invalid value names its variable and shows a good one', () => {
  test.each([
    ['TUNNEL_PORT', '70000'],
    ['TUNNEL_PORT', 'eighty'],
    ['TUNNEL_DOMAIN', 'no spaces'],
    ['TUNNEL_PUBLIC_URL', 'tunnel.example.org'],
    ['TUNNEL_PUBLIC_URL', 'https://example.org/path'],
    ['STUN_SERVERS', 'stun.example.org'],
    ['STUN_EMBEDDED', 'maybe'],
    ['TURN_URLS', 'turn:a b'],
    ['P2P_ENABLED', 'ja'],
    ['P2P_TIMEOUT_MS', '1'],
    ['SESSION_TTL', '8'],
    ['SESSION_TTL', '400d'],
    ['HOST_GRACE', '-1s'],
    ['MAX_VIEWERS', '0'],
    ['LOG_LEVEL', 'loud'],
    ['TRUST_PROXY', '127.0.0.1'],
  ])('%s=%s', (name, value) => {
    const read = () => tunnelServerConfigFromEnvironment({ [name]: value });
    expect(read).toThrow(`${name} "${value}" is not valid. A good value: ${name}=`);
  });

  test('TURN without its secret', () => {
    expect(() => tunnelServerConfigFromEnvironment({ TURN_URLS: 'turn:t.example' })).toThrow(
      'TURN_SECRET',
    );
    expect(() => tunnelServerConfig({ turnUrls: ['turn:t.example'] })).toThrow('TURN_SECRET');
  });
});

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['8h', 28_800_000],
  ['2d', 172_800_000],
  ['0s', undefined],
  ['8', undefined],
  ['h', undefined],
  ['1.5h', undefined],
])('the duration %s is %s ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});
