import { describe, expect, test } from '@jest/globals';
import { webcrypto } from 'node:crypto';
import { forFrame } from '../src/pages/leave-frame.js';
import { ownPageHeaders, ownPagePolicy } from '../src/pages/own-page.js';
import { renderProblem } from '../src/pages/problem.js';
import { SESSION_UNKNOWN } from '../src/pages/session-problems.js';

const POLICY = 'content-security-policy';

/** The source that lets in an inline element with this text, as a browser computes it (CSP Level 3 section 6.7.3.3). */
async function hashOf(text: string | undefined): Promise<string> {
  const digest = await webcrypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `'sha256-${Buffer.from(digest).toString('base64')}'`;
}

function directive(policy: string | null | undefined, name: string): string | undefined {
  const found = policy?.split('; ').find((one) => one.startsWith(`${name} `));
  return found?.slice(name.length + 1);
}

describe('a page of ours', () => {
  test('lets nothing be loaded, run, sent or framed that it doesn’t name', () => {
    expect(ownPagePolicy({ 'form-action': "'self'" })).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    );
  });

  test('is kept by nobody, tells no other page of itself, and has the type that it says', () => {
    expect(ownPageHeaders({})).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  });

  test.each(['text/html', 'application/json'])(
    'about a problem has its own style and no script: %s',
    async (accept) => {
      const { headers } = renderProblem(SESSION_UNKNOWN, accept);
      const style = /<style>(.*)<\/style>/s.exec(renderProblem(SESSION_UNKNOWN, 'text/html').body);
      expect(directive(headers[POLICY], 'style-src')).toBe(await hashOf(style?.[1]));
      expect(directive(headers[POLICY], 'default-src')).toBe("'none'");
      expect(headers[POLICY]).not.toContain('script-src');
    },
  );

  test('that leaves for another site has one script, whatever the URL', async () => {
    const location = `https://else.example/"><script>alert(1)</script>&amp;'`;
    const answer = new Response(null, { status: 302, headers: { location } });
    const page = forFrame(answer, 'https://s.example/');
    const html = await page.text();
    const scripts = [...html.matchAll(/<script>(.*?)<\/script>/g)].map(([, text]) => text);
    expect(scripts).toHaveLength(1);
    expect(directive(page.headers.get(POLICY), 'script-src')).toBe(await hashOf(scripts[0]));
    expect(html).toContain('data-to="https://else.example/%22%3E%3Cscript%3E');
  });
});
