import parseDirectives from 'content-security-policy-parser';

interface Directive {
  /** What stood between two semicolons, byte for byte. */
  readonly text: string;
  /** In lower case; undefined where browsers see no directive: nothing is there, or not all of it is ASCII. */
  readonly name: string | undefined;
  readonly values: readonly string[];
}

/** A Content-Security-Policy as a value. What no change concerns keeps the bytes it had. */
export type Policy = readonly Directive[];

export type PolicyChange = (policy: Policy) => Policy;

/** How the shim's script gets past a document's policies. */
export interface ShimPass {
  /** A fresh nonce, which goes on the script element too. */
  readonly nonce: string;
  /** The shim's addresses: the document's origin may be any of several. */
  readonly urls: readonly string[];
}

/** What governs script elements, the first that is there (CSP Level 3 section 6.8.3). */
const GOVERNING = ['script-src-elem', 'script-src', 'default-src'];

/** Beside one of these 'unsafe-inline' means nothing (CSP Level 3, "Does a source list allow all inline behavior for type?"). */
const GOES_BY_NONCE = /^'(?:nonce-|sha\d{3}-|strict-dynamic')/i;

/** Reads one policy, which is what stands between two commas of a header (CSP Level 3 section 2.2.1). Takes any text. */
export function parsePolicy(serialized: string): Policy {
  return serialized.split(';').map(directive);
}

export function serializePolicy(policy: Policy): string {
  return policy.map(({ text }) => text).join(';');
}

/**
 * Leaves out the directives that browsers ignore because they aren't ASCII (CSP Level 3 section 2.2.1, step 2.2).
 * The policy means the same. But a browser may end a page whose service worker answers with such bytes.
 */
export const withoutIgnored: PolicyChange = (policy) =>
  policy.filter(({ text }) => !/[^\0-\x7f]/.test(text));

/** Lets the document's own origin frame it, beside whoever may (CSP Level 3 section 6.4.2). */
export const admitOwnFrame: PolicyChange = (policy) => {
  const ancestors = find(policy, 'frame-ancestors');
  return policy.map((one) => (one === ancestors ? widened(one, ["'self'"]) : one));
};

/** Lets the shim run, and no other script element that didn't. */
export function admitScript({ nonce, urls }: ShimPass): PolicyChange {
  return (policy) => {
    const governing = GOVERNING.map((name) => find(policy, name)).find((one) => one !== undefined);
    if (governing === undefined) return policy;
    const { name, values } = governing;
    // Where no nonce is, the app may live by 'unsafe-inline', which a nonce would switch off.
    const pass = values.some((value) => GOES_BY_NONCE.test(value)) ? [`'nonce-${nonce}'`] : urls;
    if (name === GOVERNING[0]) {
      return policy.map((one) => (one === governing ? widened(one, pass) : one));
    }
    return [...policy, widened(directive([` ${GOVERNING[0]}`, ...values].join(' ')), pass)];
  };
}

/** With more values, of which those are left out that are there. 'none' counts only where it is alone (CSP Level 3, "Does url match source list?"). */
export function widened(one: Directive, more: readonly string[]): Directive {
  const missing = new Set(more.filter((value) => !lists(one, value)));
  if (missing.size === 0) return one;
  const kept = one.values.filter((value) => !isKeyword(value, 'none'));
  const [indent = ''] = /^\s*/.exec(one.text) ?? [];
  return directive(indent + [one.name, ...kept, ...missing].join(' '));
}

/** The first of a name counts, the others are ignored (CSP Level 3 section 2.2.1, step 2.5). */
function find(policy: Policy, name: string): Directive | undefined {
  return policy.find((one) => one.name === name);
}

function directive(text: string): Directive {
  const [[name, values] = [undefined, []]] = parseDirectives(text);
  return { text, name, values };
}

/** Keywords are the same in upper case; nonces and paths are not. */
function lists({ values }: Directive, wanted: string): boolean {
  return values.some(
    (value) => value === wanted || (wanted === "'self'" && isKeyword(value, 'self')),
  );
}

function isKeyword(value: string, name: string): boolean {
  return value.toLowerCase() === `'${name}'`;
}
