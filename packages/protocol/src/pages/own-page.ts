/** What no page of ours needs: nothing is loaded, run, sent or framed that a page doesn't name (CSP Level 3 section 6). */
const CLOSED: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'self'",
  // Without a policy by name no script can make a string into code (Trusted Types section 4.2).
  'require-trusted-types-for': "'script'",
  'trusted-types': "'none'",
};

/** The Content-Security-Policy of a page of ours that needs `opened`, by directive, and nothing else. */
export function ownPagePolicy(opened: Readonly<Record<string, string>>): string {
  const directives = Object.entries({ ...CLOSED, ...opened });
  return directives.map(([name, value]) => `${name} ${value}`).join('; ');
}

/** The headers of a page of ours, which may need `opened` of what the policy closes. */
export function ownPageHeaders(opened: Readonly<Record<string, string>>): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': ownPagePolicy(opened),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}

/** Escapes text for HTML content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
