import { describe, expect, test } from '@jest/globals';
import { appDocument } from '../src/service-worker/late-part.js';

const ORIGIN = 'https://session.example';

describe('a document of the app’s worker', () => {
  const shim = '<script src="/__wingman/shim.js"></script>';
  const shown = async (body: string, headers: Record<string, string> = {}): Promise<string> => {
    const init = { headers: { 'content-type': 'text/html', ...headers } };
    return appDocument(new Response(body, init), `${ORIGIN}/page`).text();
  };

  test.each([
    ['<!doctype html><html lang="a>b"><head><title>x</title>', '<title>x</title>'],
    ['<!-- <head> --><!DOCTYPE html>\n<HTML>\n<body>hi', '<body>hi'],
    ['\uFEFFjust text', 'just text'],
    ['<header>no head</header>', '<header>no head</header>'],
    ['', ''],
  ])('has the shim before the first script of %j', async (page, rest) => {
    const [start = '', end] = (await shown(page)).split(shim);
    expect(end).toBe(rest);
    expect(start + (end ?? '')).toBe(page.replace('\uFEFF', ''));
  });

  test('has it once, and other files have none', async () => {
    const page = '<head><script src="/__wingman/shim.js" nonce="x"></script></head>';
    expect(await shown(page)).toBe(page);
    expect(await shown('text', { 'content-type': 'text/plain' })).toBe('text');
  });

  test('that asks for cross-origin isolation has it, whoever has put the shim there', async () => {
    const isolating = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp; report-to="x"',
    };
    const own = '<head><script src="/__wingman/shim.js" data-isolated></script>';
    const given = '<head><script src="/__wingman/shim.js" nonce="x"></script>';
    expect(await shown(given, isolating)).toBe(
      '<head><script src="/__wingman/shim.js" data-isolated nonce="x"></script>',
    );
    expect(await shown('<head>', isolating)).toBe(own);
    expect(await shown('<head>')).not.toContain('isolated');
  });

  test('that has the shim is not held back', async () => {
    const start = '<!doctype html><head><script src="/__wingman/shim.js"></script>';
    const page = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
    });
    const headers = { 'content-type': 'text/html' };
    const response = appDocument(new Response(page, { headers }), `${ORIGIN}/page`);
    const reader = response.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    const second = new TextDecoder().decode((await reader?.read())?.value);
    expect(first + second).toBe(start);
  });

  test('a redirect to another site leaves the frame', async () => {
    const away = new Response(null, {
      status: 302,
      headers: { location: 'https://other.example/' },
    });
    expect(await appDocument(away, `${ORIGIN}/`).text()).toContain('location.replace');
    const home = new Response(null, { status: 302, headers: { location: `${ORIGIN}/a` } });
    expect(appDocument(home, `${ORIGIN}/`).status).toBe(302);
  });

  test('a redirect to a script is none', () => {
    const script = new Response(null, {
      status: 302,
      headers: { location: 'JavaScript:alert(1)' },
    });
    expect(() => appDocument(script, `${ORIGIN}/`)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });

  test('its policies let our frame and the shim in, and nobody else', async () => {
    const init = {
      headers: {
        ...{ 'content-type': 'text/html', 'content-length': '6', 'x-frame-options': 'DENY' },
        'content-security-policy': "script-src 'nonce-x', frame-ancestors 'none'",
      },
    };
    const response = appDocument(new Response('<head>', init), `${ORIGIN}/page`);
    const nonce = /nonce="([^"]+)"/.exec(await response.text())?.[1] ?? 'none';
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/html',
      'x-frame-options': 'SAMEORIGIN',
      'content-security-policy':
        `script-src 'nonce-x'; script-src-elem 'nonce-x' 'nonce-${nonce}', ` +
        "frame-ancestors 'self'",
    });
  });

  test('a policy without nonces has the shim’s address at the page’s origin', () => {
    const headers = { 'content-type': 'text/html', 'content-security-policy': "script-src 'none'" };
    const response = appDocument(new Response('<head>', { headers }), `${ORIGIN}/page`);
    expect(response.headers.get('content-security-policy')).toBe(
      `script-src 'none'; script-src-elem ${ORIGIN}/__wingman/shim.js`,
    );
  });

  test('what is no HTML keeps its length, and may be framed', () => {
    const headers = {
      'content-type': 'image/svg+xml',
      'content-length': '6',
      'x-frame-options': 'DENY',
    };
    const response = appDocument(new Response('<svg/>', { headers }), `${ORIGIN}/page`);
    expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(response.headers.get('content-length')).toBe('6');
  });
});
