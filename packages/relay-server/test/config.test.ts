import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ConfigError } from '@wingman/node-kit';
import {
  configDirectory,
  environment,
  hostVariables,
  refusesColor,
  shareConfig,
  type ShareGiven,
} from '../src/config.js';
import { HOST_LIMITS } from '../src/limits.js';
import { complaint, share } from './support/given-settings.js';
import { scratchFolder } from './support/scratch.js';

describe('shareConfig', () => {
  test('has defaults for everything but the port', () => {
    expect(share()).toEqual({
      port: 3000,
      firstPage: '/',
      tunnelPort: 8787,
      isOnLan: false,
      hasLanTls: false,
      isTunnelPortSet: false,
      alsoPorts: [],
      hostHeader: 'localhost',
      server: undefined,
      furtherServers: [],
      name: undefined,
      token: undefined,
      takeOver: false,
      sharedBy: undefined,
      sessionTtlMs: 8 * 3_600_000,
      maxViewers: 8,
      linkGraceMs: 60_000,
      p2pEnabled: true,
      p2pTimeoutMs: 10_000,
      sparesRelay: false,
      stunServers: [],
      turnUrls: [],
      turnSecret: undefined,
      engine: 'auto',
      mapsPorts: true,
      isPortMappingSet: false,
      ingress: 'key',
      passphrase: undefined,
      asksPassphrase: false,
      asksDeveloper: false,
      isReadOnly: false,
      compresses: true,
      pushes: true,
      isTogether: true,
      hasInspector: true,
      logLevel: 'info',
    });
    expect(() => shareConfig({}, {})).toThrow('<port> is missing');
  });

  test('takes the environment, and the command line before it', () => {
    const env = {
      P2P_ENABLED: 'false',
      P2P_TIMEOUT_MS: '2500',
      SPARE_RELAY: 'true',
      ALSO_PORTS: '8080, 9000',
      HOST_HEADER: 'session',
      STUN_SERVERS: 'stun:a.example:3478, stun:192.0.2.7',
      TUNNEL_SERVER_URL: 'https://t.example',
      WEBRTC_ENGINE: 'wrtc',
      SESSION_TTL: '30m',
      MAX_VIEWERS: '2',
      LINK_GRACE: '5s',
      LOG_LEVEL: ' debug ',
    };
    expect(share({}, env)).toMatchObject({
      p2pEnabled: false,
      p2pTimeoutMs: 2_500,
      sparesRelay: true,
      alsoPorts: [8080, 9000],
      hostHeader: 'session',
      stunServers: ['stun:a.example:3478', 'stun:192.0.2.7'],
      server: new URL('https://t.example'),
      engine: 'wrtc',
      sessionTtlMs: 1_800_000,
      maxViewers: 2,
      linkGraceMs: 5_000,
      logLevel: 'debug',
    });
    expect(share({ maxViewers: '3', sessionTtlMs: '90s' }, env)).toMatchObject({
      maxViewers: 3,
      sessionTtlMs: 90_000,
    });
  });

  test('an empty variable is one that is not set', () => {
    expect(share({}, { MAX_VIEWERS: '', TUNNEL_SERVER_URL: ' ' })).toEqual(share());
  });

  test.each<[string, Record<string, string>]>([
    ['P2P_ENABLED', { P2P_ENABLED: 'maybe' }],
    ['P2P_TIMEOUT_MS', { P2P_TIMEOUT_MS: '10s' }],
    ['STUN_SERVERS', { STUN_SERVERS: 'turn:a.example' }],
    ['TURN_URLS', { TURN_URLS: 'http://a.example' }],
    ['TUNNEL_SERVER_URL', { TUNNEL_SERVER_URL: 'ftp://a.example' }],
    ['TUNNEL_SERVER_URL', { TUNNEL_SERVER_URL: 'https://a.example/path' }],
    ['WEBRTC_ENGINE', { WEBRTC_ENGINE: 'chrome' }],
    ['INGRESS', { INGRESS: 'closed' }],
    ['SESSION_TTL', { SESSION_TTL: '8' }],
    ['SESSION_TTL', { SESSION_TTL: '0h' }],
    ['SESSION_TTL', { SESSION_TTL: '15d' }],
    ['MAX_VIEWERS', { MAX_VIEWERS: '0' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
  ])('names %s and shows a good value', (name, env) => {
    const message = complaint({}, env);
    expect(message).toContain(`${name} "${Object.values(env)[0]}" is not valid`);
    expect(message).toContain(`A good value: ${name}=`);
  });

  test('a token that was typed needs a server; one in the environment may wait for another session', () => {
    const token = 'x'.repeat(20);
    expect(complaint({ token })).toContain('What is missing: --server');
    expect(shareConfig({ port: '3000', token, server: 'a.example' }, {}).token).toBe(token);
    expect(
      shareConfig({ port: '3000', token }, { TUNNEL_SERVER_URL: 'https://a.example' }).token,
    ).toBe(token);
    expect(shareConfig({ port: '3000' }, { WINGMAN_TOKEN: token }).token).toBe(token);
  });

  test('of several servers the first comes first, and each may be named once', () => {
    const config = shareConfig({ port: '3000', server: 'a.example, localhost:8787' }, {});
    expect(config.server?.origin).toBe('https://a.example');
    expect(config.furtherServers.map(String)).toEqual(['http://localhost:8787/']);
    expect(shareConfig({ port: '3000' }, {})).toMatchObject({
      ...{ server: undefined, furtherServers: [] },
    });
    const many = Array.from({ length: HOST_LIMITS.servers + 1 }, (_, index) => `s${index}.example`);
    for (const wrong of ['a.example,', 'a.example,a.example', many.join()]) {
      expect(complaint({ server: wrong })).toContain('--server');
    }
  });

  test.each<[string, ShareGiven]>([
    ['--expires', { sessionTtlMs: 'soon' }],
    ['--max-viewers', { maxViewers: '-1' }],
    ['--link-grace', { linkGraceMs: '1s' }],
    ['--p2p-timeout', { p2pTimeoutMs: '1' }],
    ['--server', { server: 'localhost:8787/path' }],
    ['--engine', { engine: '' }],
  ])('names %s and shows a good value', (option, given) => {
    const message = complaint(given);
    expect(message).toContain(option);
    expect(message).toContain(`A good value: ${option} `);
  });

  test.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://user:secret@a.example',
    'https://a.example/?x',
    'https://a.example/#x',
    'http://a.example:99999',
    'https://\u202eelpmaxe.a',
    '--json',
  ])('a hostile --server is no server: %j', (server) => {
    expect(complaint({ server })).toContain('--server');
  });

  test.each(['../../x', 'a/b', 'a\0b', '-rf', 'a\u001b[2J', 'A', 'é', '', 'x'.repeat(64), 'a.b'])(
    'a hostile --name is no name: %j',
    (name) => expect(complaint({ name })).toContain('--name'),
  );

  test('a password lets plain HTTP in beside the key, and is in no error', () => {
    const credentials = { user: 'me', password: 'a:long one' };
    expect(shareConfig({ port: '1', basicAuth: 'me:a:long one' }, {}).basicAuth).toEqual(
      credentials,
    );
    expect(() =>
      shareConfig({ port: '1', ingress: 'open', basicAuth: 'me:a:long one' }, {}),
    ).toThrow(ConfigError);
    for (const BASIC_AUTH of ['me', 'me:short', ':long enough', 'me:long\0enough']) {
      const read = (): unknown => shareConfig({ port: '1' }, { BASIC_AUTH });
      expect(read).toThrow(/BASIC_AUTH is not valid/);
    }
  });

  test.each([
    ['3000', '/'],
    [':3000', '/'],
    ['localhost:3000', '/'],
    ['127.0.0.1:3000/', '/'],
    ['[::1]:3000', '/'],
    ['http://localhost:3000/cart?item=7#top', '/cart?item=7#top'],
  ])('takes the address %s', (port, firstPage) => {
    expect(shareConfig({ port }, {})).toMatchObject({ port: 3000, firstPage });
  });

  test.each(['localhost3000', 'localhost', 'https://localhost:3000', 'example.org:3000', '//x:1'])(
    'refuses the address %s',
    (port) => {
      expect(complaint({ port })).toContain('A good value: 3000');
    },
  );

  test.each(['0', '65536', '3000x', '-1', ''])('refuses the port %j', (port) => {
    expect(complaint({ port })).toContain('A good value: 3000');
  });

  test('a good value is one', () => {
    for (const { name } of hostVariables) {
      const message = /A good value: [A-Z0-9_]+=(.*)$/;
      const isAnyText = ['TURN_SECRET', 'WINGMAN_TOKEN'].includes(name);
      const good = isAnyText ? 'x' : message.exec(complaintOrGood(name))?.[1];
      expect([name, good]).not.toEqual([name, undefined]);
      expect(() => share({}, { [name]: good ?? '' })).not.toThrow();
    }
  });

  test.each(['my-app', 'a', '0', 'a'.repeat(40)])('takes the name %s', (name) => {
    expect(share({ name }).name).toBe(name);
  });

  test.each(['-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(41), '../x'])(
    'refuses the name %s',
    (name) => {
      expect(complaint({ name })).toContain('--name my-app');
    },
  );
});

function complaintOrGood(name: string): string {
  return complaint({}, { [name]: '\u0000' });
}

describe('the environment', () => {
  test('.env is read, and does not override what is set', () => {
    const directory = scratchFolder();
    writeFileSync(join(directory, '.env'), 'MAX_VIEWERS=5\nLOG_LEVEL="warn"\n# x\n');
    const before = { ...process.env };
    expect(environment(directory, { LOG_LEVEL: 'error' })).toEqual({
      MAX_VIEWERS: '5',
      LOG_LEVEL: 'error',
    });
    expect(process.env).toEqual(before);
    expect(environment(join(directory, 'none'), {})).toEqual({});
  });

  test.each<[string, (path: string) => void]>([
    ['a FIFO', (path) => void execFileSync('mkfifo', [path])],
    ['a device', (path) => symlinkSync('/dev/zero', path)],
    ['a huge file', (path) => writeFileSync(path, 'x'.repeat(1_000_000))],
  ])('%s in place of .env is refused at once', (_name, make) => {
    const directory = scratchFolder();
    make(join(directory, '.env'));
    expect(() => environment(directory, {})).toThrow(ConfigError);
  });

  test('a folder of the name .env is left alone', () => {
    const directory = scratchFolder();
    mkdirSync(join(directory, '.env'));
    expect(environment(directory, { A: '1' })).toEqual({ A: '1' });
  });

  test('where a user’s settings are kept', () => {
    expect(configDirectory({ XDG_CONFIG_HOME: '/x/y' })).toBe('/x/y');
    expect(configDirectory({ XDG_CONFIG_HOME: 'relative' })).toMatch(/\/\.config$/);
  });

  test('NO_COLOR, when it is not empty', () => {
    expect([{ NO_COLOR: '1' }, { NO_COLOR: '' }, { TERM: 'dumb' }, {}].map(refusesColor)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

test('every variable is described', () => {
  expect(hostVariables.map(({ name }) => name).sort()).toEqual([
    'ALSO_PORTS',
    'APPROVE',
    'BASIC_AUTH',
    'COMPRESSION',
    'HOST_HEADER',
    'INGRESS',
    'INSPECTOR',
    'LINK_GRACE',
    'LOG_LEVEL',
    'MAX_VIEWERS',
    'P2P_ENABLED',
    'P2P_TIMEOUT_MS',
    'PASSPHRASE',
    'PORT_MAPPING',
    'PUSH',
    'READ_ONLY',
    'SESSION_TTL',
    'SHARED_BY',
    'SPARE_RELAY',
    'STUN_SERVERS',
    'TOGETHER',
    'TUNNEL_PORT',
    'TUNNEL_SERVER_URL',
    'TURN_SECRET',
    'TURN_URLS',
    'WEBRTC_ENGINE',
    'WINGMAN_TOKEN',
  ]);
  for (const { meaning } of hostVariables) expect(meaning).toMatch(/^[^\n]{10,}$/);
});

describe('who may enter', () => {
  test('is asked for a passphrase by the option, or by choosing one', () => {
    expect(share({ asksPassphrase: 'true' })).toMatchObject({
      asksPassphrase: true,
      passphrase: undefined,
    });
    expect(share({}, { PASSPHRASE: 'open sesame' })).toMatchObject({
      asksPassphrase: true,
      passphrase: 'open sesame',
    });
  });

  test('does not come by plain HTTP', () => {
    expect(share({ asksPassphrase: 'true' }).ingress).toBe('off');
    expect(share({}, { PASSPHRASE: 'open sesame' }).ingress).toBe('off');
    expect(share({ asksDeveloper: 'true' }).ingress).toBe('off');
    expect(share({ isReadOnly: 'true' })).toMatchObject({ ingress: 'key', isReadOnly: true });
    expect(complaint({ asksDeveloper: 'true', ingress: 'open' })).toContain('--ingress off');
  });

  test('is no secret of an error', () => {
    const text = complaint({}, { PASSPHRASE: 'short' });
    expect(text).toContain('PASSPHRASE is not valid');
    expect(text).not.toContain('short');
  });
});
