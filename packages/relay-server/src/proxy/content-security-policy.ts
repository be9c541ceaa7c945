import type { Header } from '@wingman/protocol';

/** How the shim's script gets past a document's policies. */
export interface ShimPass {
  /** A fresh nonce, which goes on the script element too. */
  readonly nonce: string;
  /** The shim's addresses: the document's origin may be any of several. */
  readonly urls: readonly string[];
}

type Directive = readonly [name: string, ...sources: string[]];

/** A policy that only reports would report the shim, which the app knows nothing of. */
const POLICIES = new Set(['content-security-policy', 'content-security-policy-report-only']);

/** What governs script elements, the first that is there (CSP Level 3 section 6.8.3). */
const GOVERNING = ['script-src-elem', 'script-src', 'default-src'];

/** Lets the shim, and no other script, through every policy of a document; the rest stays as it is. */
export function admitShim(headers: readonly Header[], pass: ShimPass): Header[] {
  return headers.map((header) => {
    if (!isPolicy(header)) return header;
    const policies = header.value.split(',').map((policy) => admitInPolicy(policy, pass));
    return { ...header, value: policies.join(',') };
  });
}

/** Whether a header restricts a document's scripts, or reports on them. */
export function isPolicy({ name }: Header): boolean {
  return POLICIES.has(name);
}

function admitInPolicy(policy: string, pass: ShimPass): string {
  const directives = parse(policy);
  const governing = GOVERNING.map((name) => directives.find((one) => one[0] === name)).find(
    (directive) => directive !== undefined,
  );
  if (governing === undefined) return policy;
  const [, ...sources] = governing;
  const others = directives.filter(([name]) => name !== 'script-src-elem');
  return [...others, ['script-src-elem', ...withShim(sources, pass)]]
    .map((directive) => directive.join(' '))
    .join('; ');
}

/** The first of a name counts; the others, and what isn't ASCII, are ignored (CSP Level 3 section 2.2.1). */
function parse(policy: string): Directive[] {
  const directives = new Map<string, Directive>();
  for (const text of policy.split(';')) {
    const [name = '', ...sources] = text.trim().split(/\s+/);
    const key = name.toLowerCase();
    const counts = key !== '' && !/[\x80-\xff]/.test(text) && !directives.has(key);
    if (counts) directives.set(key, [key, ...sources]);
  }
  return [...directives.values()];
}

function withShim(sources: readonly string[], { nonce, urls }: ShimPass): string[] {
  const kept = sources.filter((source) => source.toLowerCase() !== "'none'");
  // Beside a nonce, 'unsafe-inline' means nothing; where there was none, the app may live by it.
  const goesByNonce = kept.some((source) => /^'(?:nonce-|sha\d{3}-|strict-dynamic')/i.test(source));
  return goesByNonce ? [...kept, `'nonce-${nonce}'`] : [...kept, ...urls];
}
