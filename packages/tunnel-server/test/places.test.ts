import { describe, expect, test } from '@jest/globals';
import { VIEWER_COOKIE } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { forwardedHeaders } from '../src/web/client-identity.js';
import { Site } from '../src/site.js';
import {
  clientAddress,
  newViewerCookie,
  peerAddress,
  viewerIdOf,
} from '../src/web/client-identity.js';
import { isReserved, pathOf } from '../src/web/locate.js';

/** As much of a request as these functions read. */
function request(headers: Record<string, string>, remoteAddress = '192.0.2.7'): IncomingMessage {
  const rawHeaders = Object.entries(headers).flat();
  const seen = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { headers: seen, rawHeaders, socket: { remoteAddress } } as unknown as IncomingMessage;
}

describe('where a server is to be found', () => {
  const site = (config: Partial<ConstructorParameters<typeof Site>[0]> = {}): Site => {
    const made = new Site({
      domain: 'localhost',
      host: '127.0.0.1',
      publicUrl: undefined,
      stunServers: [],
      tlsCert: undefined,
      ...config,
    });
    made.port = 8787;
    return made;
  };

  test('without a public URL it is its domain and port', () => {
    expect(site().url).toBe('http://localhost:8787');
    expect(site().scheme).toBe('http');
    expect(site().originOf('my-app')).toBe('http://my-app.localhost:8787');
  });

  test('a public URL decides scheme and port', () => {
    const made = site({ publicUrl: 'https://tunnel.example.org', domain: 'apps.example.org' });
    expect(made.url).toBe('https://tunnel.example.org');
    expect(made.scheme).toBe('https');
    expect(made.originOf('a')).toBe('https://a.apps.example.org');
  });

  test('its STUN responder comes first, when there is one', () => {
    const made = site({ stunServers: ['stun:other.example'] });
    expect(made.stunUrls).toEqual(['stun:other.example']);
    made.stunPort = 3478;
    expect(made.stunUrls).toEqual(['stun:127.0.0.1:3478', 'stun:other.example']);
  });

  test.each([
    [{ publicUrl: 'https://tunnel.example.org' }, 'stun:tunnel.example.org:3478'],
    [{ host: '::1' }, 'stun:[::1]:3478'],
    [{ host: '::' }, 'stun:127.0.0.1:3478'],
    [{ domain: 'dev.localhost' }, 'stun:127.0.0.1:3478'],
    [{ domain: 'lan.example', host: '0.0.0.0' }, 'stun:lan.example:3478'],
  ])('STUN of %j is at %s', (config, url) => {
    const made = site(config);
    made.stunPort = 3478;
    expect(made.stunUrls).toEqual([url]);
  });
});

describe('paths', () => {
  test.each([
    ['/a/b?c=/d', '/a/b'],
    ['/', '/'],
    ['', ''],
    [undefined, '/'],
    ['/a?b?c', '/a'],
  ])('the path of %j is %j', (target, path) => expect(pathOf(target)).toBe(path));

  test.each(['/__wingman', '/__wingman/', '/__wingman/shell', '/__wingman/a/b'])(
    '%s is ours',
    (path) => expect(isReserved(path)).toBe(true),
  );

  test.each(['/', '/__wingmanx', '/a/__wingman/', '/__WINGMAN/', '/_wingman/'])(
    '%s is the app’s',
    (path) => expect(isReserved(path)).toBe(false),
  );
});

describe('who asks', () => {
  const ID = '0123456789abcdef0123456789abcdef';

  test('an id is read from our cookie only', () => {
    const id = (cookie: string): string => viewerIdOf(request({ cookie }));
    expect(id(`${VIEWER_COOKIE}=${ID}`)).toBe(ID);
    expect(id(`a=b; ${VIEWER_COOKIE}=${ID}; c=d`)).toBe(ID);
    expect(id(`x${VIEWER_COOKIE}=${ID}; other=${ID}`)).toBe('');
    expect(viewerIdOf(request({}))).toBe('');
  });

  test('a browser with an id is given none, one without is given a fresh one', () => {
    const [first = ''] = newViewerCookie(request({}));
    const [second = ''] = newViewerCookie(request({}));
    expect(first).not.toBe(second);
    const cookie = first.split(';')[0] ?? '';
    expect(newViewerCookie(request({ cookie }))).toEqual([]);
    expect(viewerIdOf(request({ cookie }))).toMatch(/^[0-9a-f]{32}$/);
  });

  test('what is no id of ours is none', () => {
    for (const value of ['', 'x', ID.toUpperCase(), `${ID}0`, '../x']) {
      expect(viewerIdOf(request({ cookie: `${VIEWER_COOKIE}=${value}` }))).toBe('');
    }
  });

  test('an IPv4 address is one, also through an IPv6 socket', () => {
    expect(peerAddress(request({}, '::ffff:192.0.2.7'))).toBe('192.0.2.7');
    expect(peerAddress(request({}, '2001:db8::1'))).toBe('2001:db8::1');
  });

  test('a proxy’s word counts when the proxy is ours, and its last one', () => {
    const asked = request({ 'x-forwarded-for': '203.0.113.1, 198.51.100.2' });
    expect(clientAddress(asked, false)).toBe('192.0.2.7');
    expect(clientAddress(asked, true)).toBe('198.51.100.2');
    expect(clientAddress(request({ 'x-forwarded-for': ' ' }), true)).toBe('192.0.2.7');
    const long = request({ 'x-forwarded-for': 'x'.repeat(500) });
    expect(clientAddress(long, true)).toHaveLength(64);
  });
});

describe('the header fields that the app is given', () => {
  const given = (headers: Record<string, string>, trustProxy = false) =>
    Object.fromEntries(
      forwardedHeaders(request(headers), { trustProxy, scheme: () => 'https' }).map(
        ({ name, value }) => [name, value],
      ),
    );

  test('say who asks, for which host, and how', () => {
    expect(given({ Host: 'a.example', Accept: '*/*' })).toEqual({
      host: 'a.example',
      accept: '*/*',
      'x-forwarded-for': '192.0.2.7',
      'x-forwarded-host': 'a.example',
      'x-forwarded-proto': 'https',
    });
  });

  test('leave out what a client says of itself, and what was for this hop', () => {
    const fields = given({
      Host: 'a.example',
      'X-Forwarded-For': '203.0.113.1',
      'X-Forwarded-Anything': '1',
      Forwarded: 'for=203.0.113.1',
      'X-Real-IP': '203.0.113.1',
      Connection: 'close, X-Private',
      'X-Private': '1',
      Expect: '100-continue',
    });
    expect(Object.keys(fields).sort()).toEqual([
      'host',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
    ]);
    expect(fields['x-forwarded-for']).toBe('192.0.2.7');
  });

  test('go on from what a proxy of ours has said', () => {
    const fields = given(
      { Host: 'a.example', 'X-Forwarded-For': '203.0.113.1', 'X-Forwarded-Proto': 'http' },
      true,
    );
    expect(fields['x-forwarded-for']).toBe('203.0.113.1, 192.0.2.7');
    expect(fields['x-forwarded-proto']).toBe('http');
  });

  test('a scheme that is none is not passed on', () => {
    const fields = given({ Host: 'a.example', 'X-Forwarded-Proto': 'gopher' }, true);
    expect(fields['x-forwarded-proto']).toBe('https');
  });
});
