import { describe, expect, test } from '@jest/globals';
import { EndReason } from '@wingman/protocol';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { inlineHashes, shellPolicy } from '../src/web/inline-hashes.js';
import { FakeHost } from './support/fake-host.js';
import { fetchWhole } from './support/http.js';
import { until } from './support/inbox.js';
import { SHELL, startServer, startSession } from './support/server.js';

const hash = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('the hashes of a page’s inline elements', () => {
  test('are those of its scripts, and none of what a script’s text or data only looks like one', () => {
    const data = '<script type="text/plain">"<script>evil()<\\/script>"</script>';
    const page = `<style>a{}</style>${data}<script>"<style>x</style>"</script><script>b()</script>`;
    expect(inlineHashes(page, 'script')).toBe(`${hash('"<style>x</style>"')} ${hash('b()')}`);
    expect(inlineHashes(page, 'style')).toBe(hash('a{}'));
  });

  test('let in nothing on a page without any', () => {
    expect(inlineHashes('<p>', 'script')).toBe("'none'");
  });
});

describe('the shell', () => {
  test('comes with a policy by which its own scripts run and no other', async () => {
    const { host, server } = await startSession();
    const headers = { 'sec-fetch-dest': 'document' };
    const shell = await fetchWhole(server.port, host.name, '/', { headers });
    expect(shell.headers).toMatchObject({
      'content-security-policy': shellPolicy(SHELL),
      'referrer-policy': 'strict-origin-when-cross-origin',
      'x-content-type-options': 'nosniff',
    });
    const policy = shellPolicy(SHELL).split('; ');
    expect(policy).toContain(`script-src ${hash('go()')}`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(shellPolicy(SHELL)).not.toMatch(/unsafe|nonce/);
  });

  test('names every script of the page that is built', async () => {
    const built = await readFile(new URL('../assets/shell.html', import.meta.url), 'utf8');
    const sources = inlineHashes(built, 'script').split(' ');
    // One script registers the service worker, one starts early, and one is the page's own code.
    expect(sources).toHaveLength(3);
    expect(new Set(sources)).toEqual(
      new Set(
        [...built.matchAll(/<script>([^]*?)<\/script>/g)]
          .map(([, text = '']) => hash(text))
          .filter((source) => sources.includes(source)),
      ),
    );
  });
});

describe('pages of the server’s own name', () => {
  test.each(['/', '/healthz', '/nothing'])('%s lets in nothing but its style', async (path) => {
    const server = await startServer();
    const { headers, text } = await fetchWhole(server.port, `localhost:${server.port}`, path, {
      headers: { accept: 'text/html' },
    });
    const policy = headers['content-security-policy'];
    expect(policy).toMatch(/^default-src 'none'; /);
    const style = /<style>(.*)<\/style>/s.exec(text)?.[1];
    if (style !== undefined) expect(policy).toContain(`style-src ${hash(style)}`);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
  });

  test('what the app says of its own pages stays as it is', async () => {
    const server = await startServer();
    const host = await FakeHost.start(server.port);
    const { headers, text } = await fetchWhole(server.port, host.name, '/');
    expect(text).toBe('hello');
    expect(headers).not.toHaveProperty('content-security-policy');
    expect(headers).not.toHaveProperty('referrer-policy');
  });
});

describe('a browser that comes back', () => {
  const comeBack = async (
    label: string | undefined,
    end: (host: FakeHost) => void,
    destination = 'document',
  ) => {
    const { host, server } = await startSession(label === undefined ? {} : { label });
    end(host);
    await host.signaling.closed;
    const headers = { 'sec-fetch-dest': destination };
    const ask = () => fetchWhole(server.port, host.name, '/', { headers });
    // The server may hear of a cut later than the host's end of it.
    await until(async () => (await ask()).headers['wingman-error'] !== undefined);
    return (await ask()).headers;
  };
  const stop = (host: FakeHost): void => {
    host.send({ $case: 'endSession', value: { reason: EndReason.STOPPED } });
  };

  test('to a name that is gone for good is told to forget the session, and no other', async () => {
    const headers = await comeBack(undefined, stop);
    // "cookies" would take those of every session of this server along (Clear-Site-Data section 3.1).
    expect(headers['clear-site-data']).toBe('"storage"');
    expect(headers['set-cookie']).toEqual([
      '__Host-wingman-viewer=; Path=/; Secure; Max-Age=0',
      '__Host-wingman-ingress=; Path=/; Secure; Max-Age=0',
      '__Host-wingman-notice=; Path=/; Secure; Max-Age=0',
      '__Host-wingman-scripted=; Path=/; Secure; Max-Age=0',
    ]);
  });

  test.each<[string, string | undefined, (host: FakeHost) => void]>([
    ['a name that its host may register again', 'named', stop],
    ['a host that is only away', undefined, (host) => host.signaling.socket.terminate()],
  ])('to %s keeps everything', async (_, label, end) => {
    const headers = await comeBack(label, end);
    expect(headers['wingman-error']).toMatch(/^(SESSION_ENDED|HOST_OFFLINE)$/);
    expect(headers).not.toHaveProperty('clear-site-data');
    expect(headers).not.toHaveProperty('set-cookie');
  });

  test('by a request of its service worker is told nothing: Chromium would stall', async () => {
    const headers = await comeBack(undefined, stop, 'empty');
    expect(headers['wingman-error']).toBe('SESSION_ENDED');
    expect(headers).not.toHaveProperty('clear-site-data');
  });
});
