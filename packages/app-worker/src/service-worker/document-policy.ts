const POLICIES = ['content-security-policy', 'content-security-policy-report-only'];

/** What governs script elements, the first that is there (CSP Level 3 section 6.8.3). */
const GOVERNING = ['script-src-elem', 'script-src', 'default-src'];

/** Lets our own frame hold a document. A foreign one never gets this answer: browsers keep service workers of third-party frames apart. */
export function admitFrame(headers: Headers): void {
  headers.delete('x-frame-options');
  changePolicies(headers, (directives) =>
    directives.filter(([name]) => name !== 'frame-ancestors'),
  );
}

/** Lets the shim through a document's policies, as the host does it for what it has sent as one. */
export function admitShim(headers: Headers, nonce: string, url: string): void {
  changePolicies(headers, (directives) => {
    const governing = GOVERNING.map((name) => directives.find((one) => one[0] === name)).find(
      (directive) => directive !== undefined,
    );
    if (governing === undefined) return directives;
    const sources = governing.slice(1).filter((source) => source.toLowerCase() !== "'none'");
    // Beside a nonce, 'unsafe-inline' means nothing; where there was none, the app may live by it.
    const goesByNonce = sources.some((source) =>
      /^'(?:nonce-|sha\d{3}-|strict-dynamic')/i.test(source),
    );
    const others = directives.filter(([name]) => name !== 'script-src-elem');
    return [...others, ['script-src-elem', ...sources, goesByNonce ? `'nonce-${nonce}'` : url]];
  });
}

/** Whether a page with these headers is cross-origin isolated when it is the top one (HTML sections 7.1.3 and 7.1.4). */
export function asksForIsolation(headers: Headers): boolean {
  const token = (name: string): string => headers.get(name)?.split(';')[0]?.trim() ?? '';
  const embedder = token('cross-origin-embedder-policy');
  return (
    token('cross-origin-opener-policy') === 'same-origin' &&
    (embedder === 'require-corp' || embedder === 'credentialless')
  );
}

function changePolicies(headers: Headers, change: (directives: string[][]) => string[][]): void {
  for (const name of POLICIES) {
    const value = headers.get(name);
    if (value === null) continue;
    const policies = value.split(',').map((policy) =>
      change(parse(policy))
        .map((directive) => directive.join(' '))
        .join('; '),
    );
    headers.set(name, policies.join(','));
  }
}

function parse(policy: string): string[][] {
  const directives = policy.split(';').map((text) => text.trim().split(/\s+/));
  return directives
    .filter(([name]) => name !== '')
    .map(([name = '', ...sources]) => [name.toLowerCase(), ...sources]);
}
