import { describe, expect, test } from '@jest/globals';
import { ConfigError, type Environment } from '@wingman/node-kit';
import {
  readTunnelServerConfig,
  tunnelServerConfig,
  tunnelServerVariables,
} from '../src/config.js';

const fromEnvironment = (env: Environment) => readTunnelServerConfig({}, env);

test('an empty environment gives the defaults', () => {
  expect(fromEnvironment({})).toEqual({
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
    sparesRelay: false,
    sessionTtlMs: 8 * 3_600_000,
    hostGraceMs: 60_000,
    hostTokens: undefined,
    openRegistration: false,
    denyList: undefined,
    notice: false,
    metricsToken: undefined,
    adminToken: undefined,
    maxSessions: 1000,
    maxSessionsPerAddress: 200,
    maxSockets: 10_000,
    maxHeldBytes: 512 * 1024 * 1024,
    maxBytesPerSecond: undefined,
    maxViewers: 1000,
    linkGraceMs: 60_000,
    logLevel: 'info',
    trustProxy: false,
    redisUrl: undefined,
    nodeUrl: undefined,
    clusterSecret: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    tlsAskFrom: ['127.0.0.0/8', '::1'],
    secondDoor: undefined,
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
  const defaults = fromEnvironment({});
  expect(fromEnvironment(written)).toEqual(defaults);
  expect(fromEnvironment(empty)).toEqual(defaults);
});

test('every variable is described in one line', () => {
  for (const { meaning, name } of tunnelServerVariables) {
    expect(name).toMatch(/^[A-Z0-9_]+$/);
    expect(meaning).toMatch(/^[^\n]{10,120}\.$/);
  }
});

test('lists, flags and durations are read', () => {
  const config = fromEnvironment({
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

test('an option wins over the variable, and an error names the option', () => {
  const env = { TUNNEL_PORT: '9000', TUNNEL_DOMAIN: 'apps.localhost' };
  expect(readTunnelServerConfig({ port: '8000' }, env)).toMatchObject({
    port: 8000,
    domain: 'apps.localhost',
  });
  expect(() => readTunnelServerConfig({ port: 'x' }, env)).toThrow('--port "x" is not valid');
});

describe('a server that others can reach', () => {
  const PUBLIC: Environment[] = [
    { TUNNEL_HOST: '0.0.0.0' },
    { TUNNEL_HOST: '::' },
    { TUNNEL_HOST: '192.0.2.1', TUNNEL_DOMAIN: 'localhost' },
    { TUNNEL_DOMAIN: 'tunnel.example.org' },
    { TUNNEL_PUBLIC_URL: 'https://tunnel.example.org' },
  ];

  test.each(PUBLIC)('has to say who may register: %j', (env) => {
    expect(() => fromEnvironment(env)).toThrow(ConfigError);
    expect(() => fromEnvironment(env)).toThrow(/--host-tokens.*--open-registration/);
    expect(fromEnvironment({ ...env, OPEN_REGISTRATION: 'true' }).openRegistration).toBe(true);
    expect(fromEnvironment({ ...env, HOST_TOKENS: './tokens' }).hostTokens).toBe('./tokens');
    expect(() => fromEnvironment({ ...env, OPEN_REGISTRATION: 'true', HOST_TOKENS: 'x' })).toThrow(
      'contradict',
    );
  });

  test.each([
    { TUNNEL_HOST: '127.0.0.2' },
    { TUNNEL_HOST: '::1' },
    { TUNNEL_DOMAIN: 'a.localhost' },
  ])('is not one that only this machine reaches: %j', (env) =>
    expect(fromEnvironment(env).openRegistration).toBe(false),
  );

  test('an embedding program has to say it, too', () => {
    expect(() => tunnelServerConfig({ host: '0.0.0.0' })).toThrow(ConfigError);
  });
});

test('the domain follows the public URL unless it is named', () => {
  const url = { TUNNEL_PUBLIC_URL: 'https://tunnel.example.org', OPEN_REGISTRATION: 'true' };
  expect(fromEnvironment(url).domain).toBe('tunnel.example.org');
  const both = { ...url, TUNNEL_DOMAIN: 'apps.example.org' };
  expect(fromEnvironment(both).domain).toBe('apps.example.org');
  expect(readTunnelServerConfig({ domain: 'x.example.org' }, url).domain).toBe('x.example.org');
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
    ['MAX_VIEWERS_PER_SESSION', '0'],
    ['LOG_LEVEL', 'loud'],
    ['TRUST_PROXY', '127.0.0.1'],
  ])('%s=%s', (name, value) => {
    const read = () => fromEnvironment({ [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(`${name} "${value}" is not valid. `);
    expect(read).toThrow(` A good value: ${name}=`);
  });

  test('TURN without its secret', () => {
    expect(() => fromEnvironment({ TURN_URLS: 'turn:t.example' })).toThrow('TURN_SECRET');
    expect(() => tunnelServerConfig({ turnUrls: ['turn:t.example'] })).toThrow('TURN_SECRET');
  });
});
