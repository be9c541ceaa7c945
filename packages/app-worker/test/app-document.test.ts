import { describe, expect, test } from '@jest/globals';
import { appDocument } from '../src/service-worker/app-document.js';
import { admitFrame, admitShim } from '../src/service-worker/document-policy.js';

const ORIGIN = 'https://session.example';

describe('a document of the app’s worker', () => {
  const shim = /<script src="\/__wingman\/shim\.js" nonce="[^"]+"><\/script>/;
  const shown = async (body: string, headers: Record<string, string> = {}): Promise<string> => {
    const init = { headers: { 'content-type': 'text/html', ...headers } };
    return (await appDocument(new Response(body, init), `${ORIGIN}/page`)).text();
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
    expect((await shown('<head>', isolating)).replace(/ nonce="[^"]*"/, '')).toBe(own);
    expect(await shown('<head>')).not.toContain('isolated');
  });

  test('that has the shim is not held back', async () => {
    const start = '<!doctype html><head><script src="/__wingman/shim.js"></script>';
    const page = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(start)),
    });
    const headers = { 'content-type': 'text/html' };
    const response = await appDocument(new Response(page, { headers }), `${ORIGIN}/page`);
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).toBe(
      '<!doctype html><head><script src="/__wingman/shim.js"',
    );
  });

  test('a redirect to another site leaves the frame', async () => {
    const away = new Response(null, {
      status: 302,
      headers: { location: 'https://other.example/' },
    });
    expect(await (await appDocument(away, `${ORIGIN}/`)).text()).toContain('location.replace');
    const home = new Response(null, { status: 302, headers: { location: `${ORIGIN}/a` } });
    expect((await appDocument(home, `${ORIGIN}/`)).status).toBe(302);
  });

  test('its policies let our frame and the shim in, and nobody else', () => {
    const admitted = (policy: string): string | null => {
      const headers = new Headers({ 'content-security-policy': policy, 'x-frame-options': 'DENY' });
      admitFrame(headers);
      admitShim(headers, 'abc', '/shim.js');
      expect(headers.has('x-frame-options')).toBe(false);
      return headers.get('content-security-policy');
    };
    expect(admitted("default-src 'self'; frame-ancestors 'none'")).toBe(
      "default-src 'self'; script-src-elem 'self' /shim.js",
    );
    expect(admitted("script-src 'nonce-x' 'strict-dynamic'")).toBe(
      "script-src 'nonce-x' 'strict-dynamic'; script-src-elem 'nonce-x' 'strict-dynamic' 'nonce-abc'",
    );
    expect(admitted("script-src 'none', img-src *")).toBe(
      "script-src 'none'; script-src-elem /shim.js,img-src *",
    );
  });
});
