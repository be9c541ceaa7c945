import { describe, expect, test } from '@jest/globals';
import { ASK_AGAIN_PART, EndReason } from '@wingman/protocol';
import { Router, type RequestHandler } from 'express';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { createApp } from '../src/web/app.js';
import { bootJson } from '../src/web/shell.js';
import { FakeHost } from './support/fake-host.js';
import { fetchWhole, type Answer } from './support/http.js';
import { until } from './support/inbox.js';
import { SHELL, startServer, startSession } from './support/server.js';

const DOCUMENT = { 'sec-fetch-dest': 'document', accept: 'text/html' };
const bootOf = (page: string): unknown =>
  JSON.parse(/id="wingman-boot">([^<]*)<\/script>/.exec(page)?.[1] ?? '');

describe('the shell', () => {
  test('answers every top-level navigation, with its boot data', async () => {
    const prekey = Buffer.from('prekey');
    const { host, server } = await startSession(
      { prekey },
      { p2pTimeoutMs: 5000, linkGraceMs: 9000 },
    );
    for (const path of ['/', '/deep/page?q=1']) {
      const { headers, status, text } = await fetchWhole(server.port, host.name, path, {
        headers: DOCUMENT,
      });
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        vary: 'Sec-Fetch-Dest, Accept-Encoding',
        'content-type': 'text/html; charset=utf-8',
      });
      expect(bootOf(text)).toEqual({
        session: host.session,
        serverOrigin: server.url,
        prekey: prekey.toString('base64url'),
        ingressAllowed: true,
        p2p: { enabled: true, timeoutMs: 5000 },
        linkGraceMs: 9000,
        version: '0.1.0',
      });
    }
  });

  test('gives a browser an id that no script can read, once', async () => {
    const { host, server } = await startSession();
    const ask = async (cookie: string): Promise<string[] | undefined> => {
      const headers = { ...DOCUMENT, cookie };
      return (await fetchWhole(server.port, host.name, '/', { headers })).headers['set-cookie'];
    };
    const [line = ''] = (await ask('')) ?? [];
    expect(line).toMatch(
      /^__Host-wingman-viewer=[0-9a-f]{32}; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000$/,
    );
    expect(await ask(line.split(';')[0] ?? '')).toBeUndefined();
    expect(await ask('__Host-wingman-viewer=forged')).toHaveLength(1);
  });

  test.each(['iframe', 'empty', 'script', undefined])(
    'does not answer a request for %s, which is the app',
    async (destination) => {
      const { host, server } = await startSession();
      const headers = destination === undefined ? {} : { 'sec-fetch-dest': destination };
      expect((await fetchWhole(server.port, host.name, '/', { headers })).text).toBe('hello');
    },
  );

  test('does not swallow a form that is posted to the top', async () => {
    const { host, server } = await startSession();
    const answer = await fetchWhole(server.port, host.name, '/', {
      method: 'POST',
      headers: DOCUMENT,
      body: 'a=1',
    });
    expect(answer.text).toBe('hello');
  });

  test('is compressed for who takes it', async () => {
    const { host, server } = await startSession();
    const get = (coding: string) =>
      fetchWhole(server.port, host.name, '/__wingman/shell', {
        headers: { 'accept-encoding': coding },
      });
    const plain = (await get('identity')).text;
    expect(plain).toContain('<title>shell</title>');
    const br = await get('gzip, deflate, br');
    expect(br.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(br.body).toString()).toBe(plain);
    expect(gunzipSync((await get('gzip')).body).toString()).toBe(plain);
  });

  test('says so when it is not built', async () => {
    const { host, server } = await startSession({}, { assetsDirectory: '/nonexistent' });
    const answer = await fetchWhole(server.port, host.name, '/', { headers: DOCUMENT });
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('npm run build');
  });

  test('can not be ended by its boot data', () => {
    const boot = {
      session: '</script><script>',
      serverOrigin: '',
      prekey: null,
      ingressAllowed: true,
      p2p: { enabled: true, timeoutMs: 1 },
      linkGraceMs: 1,
      version: '',
    };
    expect(bootJson(boot)).not.toContain('<');
    expect(JSON.parse(bootJson(boot))).toEqual(boot);
    expect(SHELL).toContain('<!--wingman-boot-->');
  });
});

describe('assets', () => {
  const get = async (name: string, headers = {}) => {
    const { host, server } = await startSession();
    return fetchWhole(server.port, host.name, `/__wingman/${name}`, { headers });
  };

  test('the service worker may rule the origin, and is checked each time', async () => {
    const { headers, status, text } = await get('sw.js', { 'service-worker': 'script' });
    expect(status).toBe(200);
    expect(text).toContain('fetch');
    expect(headers).toMatchObject({
      'service-worker-allowed': '/',
      'cache-control': 'no-cache',
      'content-type': 'text/javascript; charset=utf-8',
    });
  });

  test('an unchanged asset is not sent again', async () => {
    const { host, server } = await startSession();
    const path = '/__wingman/shim.js';
    const { headers } = await fetchWhole(server.port, host.name, path);
    const again = await fetchWhole(server.port, host.name, path, {
      headers: { 'if-none-match': headers.etag },
    });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  test('the page about diagnostics is the shell’s in a tab, and a file in its frame', async () => {
    const { host, server } = await startSession();
    const page = (headers: Record<string, string>): Promise<Answer> =>
      fetchWhole(server.port, host.name, '/__wingman/diagnostics', { headers });
    expect((await page(DOCUMENT)).text).toContain('id="wingman-boot"');
    const { headers, text } = await page({ 'sec-fetch-dest': 'iframe' });
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toBe('<h1>diagnostics</h1>');
    const other = { headers: DOCUMENT };
    const { status } = await fetchWhole(server.port, host.name, '/__wingman/other', other);
    expect(status).toBe(404);
  });

  test('a name with a hash may be kept for ever', async () => {
    const { headers } = await get('worker-1a2b3c4d5e.js');
    expect(headers['cache-control']).toContain('immutable');
  });

  test.each(['nothing.js', '..%2f..%2fpackage.json', 'a/b', '', '%zz', 'host', 'dial'])(
    'the reserved path %s never reaches the app',
    async (name) => {
      const { headers, status } = await get(name);
      expect([400, 404]).toContain(status);
      expect(headers['wingman-error']).toBe('BAD_REQUEST');
    },
  );
});

describe('problem pages', () => {
  test.each([
    ['text/html', 'text/html; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
  ])('an unknown session, for who accepts %s', async (accept, type) => {
    const server = await startServer();
    const name = `nobody.localhost:${server.port}`;
    const { headers, status } = await fetchWhole(server.port, name, '/', { headers: { accept } });
    expect(status).toBe(404);
    expect(headers).toMatchObject({ 'content-type': type, 'wingman-error': 'SESSION_UNKNOWN' });
  });

  test('an offline host, for navigations and for the rest', async () => {
    const { host, server } = await startSession();
    host.signaling.socket.terminate();
    const get = (headers: Record<string, string>) =>
      fetchWhole(server.port, host.name, '/', { headers });
    await until(async () => (await get({})).status === 503);
    expect((await get({})).headers).toMatchObject({
      'wingman-error': 'HOST_OFFLINE',
      'retry-after': '2',
    });
    const page = await get(DOCUMENT);
    expect(page.status).toBe(503);
    expect(page.text).toContain('<h1>');
    expect(page.text).toContain(ASK_AGAIN_PART.body);
    const again = await FakeHost.start(server.port, { keys: host.keys, takeOver: true });
    expect(again.session).toBe(host.session);
    expect((await get(DOCUMENT)).status).toBe(200);
  });

  test('a session that has ended', async () => {
    const { host, server } = await startSession();
    host.send({ $case: 'endSession', value: { reason: EndReason.STOPPED } });
    await host.signaling.closed;
    const { headers, status } = await fetchWhole(server.port, host.name, '/');
    expect(status).toBe(410);
    expect(headers['wingman-error']).toBe('SESSION_ENDED');
    const forgotten = await fetchWhole(server.port, host.name, '/', { headers: DOCUMENT });
    expect(forgotten.text).toContain('<h1>');
    expect(forgotten.text).not.toContain('<script>');
    await FakeHost.start(server.port, { keys: host.keys, takeOver: true });
    expect((await fetchWhole(server.port, host.name, '/')).status).toBe(200);
  });

  test('a name that does not belong here', async () => {
    const server = await startServer();
    expect((await fetchWhole(server.port, 'evil.example', '/metrics')).status).toBe(421);
  });
});

describe('an error that nobody has caught', () => {
  const SECRET = 'a path of the server';

  async function serveBroken(handler: RequestHandler): Promise<Answer> {
    const [logger, router] = [pino({ level: 'silent' }), Router().use(handler)];
    const app = createApp({
      locate: () => ({ at: 'server' }),
      peers: { web: (_req, _res, here) => here() },
      sockets: { isSurplus: () => false },
      budgets: { refuses: () => false },
      denyList: { deniesAddress: () => false },
      trustProxy: false,
      unknownNames: { meet: (_, problem) => Promise.resolve(problem) },
      server: router,
      session: router,
      logger,
    });
    const http = createServer(app);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    try {
      return await fetchWhole((http.address() as AddressInfo).port, 'localhost', '/');
    } finally {
      http.close();
    }
  }

  test('is a problem page, without a look inside', async () => {
    const { headers, status, text } = await serveBroken(() => {
      throw new Error(SECRET);
    });
    expect([status, headers['wingman-error']]).toEqual([500, 'INTERNAL']);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('.js');
  });

  test('is one also when Node has refused the head of the answer', async () => {
    const { headers, status, text } = await serveBroken((_req, res) => {
      res.writeHead(200, '\u20ac');
    });
    expect([status, headers['wingman-error']]).toEqual([500, 'INTERNAL']);
    expect(text).not.toContain('ERR_INVALID_CHAR');
  });

  test('breaks the connection once there is half an answer', async () => {
    const broken = serveBroken((_req, res) => {
      res.write('half');
      throw new Error(SECRET);
    });
    await expect(broken).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe("the server's own name", () => {
  test('tells its health, its metrics and what it is', async () => {
    const server = await startServer();
    const get = (path: string) => fetchWhole(server.port, `localhost:${server.port}`, path);
    expect(JSON.parse((await get('/healthz')).text)).toEqual({ status: 'ok', version: '0.1.0' });
    expect((await get('/')).text).toContain('Wingman tunnel server');
    expect((await get('/nothing')).status).toBe(404);
    const { headers, text } = await get('/metrics');
    expect(headers['content-type']).toContain('text/plain');
    for (const name of [
      'wingman_sessions 0',
      'wingman_viewers 0',
      'wingman_relay_bytes_total{direction="to_host"} 0',
      'wingman_relay_bytes_total{direction="to_viewer"} 0',
      '# TYPE wingman_ingress_requests_total counter',
      'wingman_p2p_attempts_total 0',
      'wingman_p2p_connected_total{way="direct"} 0',
      '# TYPE wingman_p2p_failed_total counter',
      'wingman_fallbacks_total 0',
      '# TYPE wingman_p2p_setup_seconds histogram',
    ]) {
      expect(text).toContain(name);
    }
  });

  test('two servers in one process count apart', async () => {
    const [first, second] = await Promise.all([startServer(), startServer()]);
    await FakeHost.start(first.port);
    expect(await first.metrics.value('wingman_sessions')).toBe(1);
    expect(await second.metrics.value('wingman_sessions')).toBe(0);
  });

  test('a bare address shows the only session, where that is allowed', async () => {
    const { server } = await startSession({}, { answerBareAddress: true });
    const address = `127.0.0.1:${server.port}`;
    expect((await fetchWhole(server.port, address, '/')).text).toBe('hello');
    await FakeHost.start(server.port);
    expect((await fetchWhole(server.port, address, '/')).text).toContain('tunnel server');
    const plain = await startSession();
    const own = await fetchWhole(plain.server.port, `127.0.0.1:${plain.server.port}`, '/');
    expect(own.text).toContain('tunnel server');
  });

  test('a public URL makes the origins, whatever port it listens on', async () => {
    const publicUrl = 'https://tunnel.example.org';
    const server = await startServer({
      publicUrl,
      domain: 'tunnel.example.org',
      openRegistration: true,
    });
    expect(server.url).toBe(publicUrl);
    const host = await FakeHost.connect(server.port);
    await host.register();
    expect((await host.registered()).origin).toBe(`https://${host.session}.tunnel.example.org`);
  });
});
