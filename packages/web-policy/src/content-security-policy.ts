import parseDirectives from 'content-security-policy-parser';

interface Directive {
  /** What stood between two semicolons, byte for byte. */
  readonly text: string;
  /** In lower case; undefined when browsers see no directive, because the text is empty or not ASCII. */
  readonly name: string | undefined;
  readonly values: readonly string[];
}

/** A Content-Security-Policy as a value. Directives that no change touches keep their bytes. */
export type Policy = readonly Directive[];

export type PolicyChange = (policy: Policy) => Policy;

/** How the shim's script gets past a document's policies. */
export interface ShimPass {
  /** A fresh nonce. The script element has the same. */
  readonly nonce: string;
  /** The shim's addresses: the document's origin may be any of several. */
  readonly urls: readonly string[];
}

/** The directives that govern script elements: the first that is present counts (CSP Level 3 section 6.8.3). */
const GOVERNING = ['script-src-elem', 'script-src', 'default-src'] as const;

/** Sources that make browsers ignore 'unsafe-inline' (CSP Level 3, "Does a source list allow all inline behavior for type?"). */
const GOES_BY_NONCE = /^'(?:nonce-|sha\d{3}-|strict-dynamic')/i;

/** Reads one policy, the text between two commas of a header (CSP Level 3 section 2.2.1). Any text can be read. */
export function parsePolicy(serialized: string): Policy {
  return serialized.split(';').map(directive);
}

export function serializePolicy(policy: Policy): string {
  return policy.map(({ text }) => text).join(';');
}

/**
 * Leaves out the directives that browsers ignore because they aren't ASCII (CSP Level 3 section 2.2.1, step 2.2).
 * The policy keeps its meaning. A browser may end a page whose service worker answers with such bytes.
 */
export const withoutIgnored: PolicyChange = (policy) =>
  policy.filter(({ text }) => !/[^\0-\x7f]/.test(text));

/** Lets the document's own origin frame the document, in addition to those that may (CSP Level 3 section 6.4.2). */
export const admitOwnFrame: PolicyChange = (policy) => {
  const ancestors = find(policy, 'frame-ancestors');
  return policy.map((one) => (one === ancestors ? widened(one, ["'self'"]) : one));
};

/** Lets the shim run. All other script elements run or don't run as before. */
export function admitScript({ nonce, urls }: ShimPass): PolicyChange {
  return (policy) =>
    admitSources(policy, GOVERNING, (values) =>
      // An app without nonces may depend on 'unsafe-inline', which a nonce would switch off.
      values.some((value) => GOES_BY_NONCE.test(value)) ? [`'nonce-${nonce}'`] : urls,
    );
}

/** The directives for what a service worker answers, whatever server is asked, and the one for `<base>`. */
const ADMITS_LOCAL =
  /^(?:base-uri|(?:connect|default|font|img|manifest|media|script|style)-src|(?:script|style)-src-elem)$/;

/** What falls back to `default-src`, and what the browser would take from the reviewer's own machine. */
const DOCUMENTS = ['frame-src', 'object-src'] as const;

/**
 * Lets pages load by the app's address on the developer's machine what 'self' lets them load on localhost, and name it
 * in `<base>`. Documents stay shut out.
 */
export function admitLocalName(port: number): PolicyChange {
  const local = (one: Directive): Directive =>
    one.values.some((value) => isKeyword(value, 'self'))
      ? widened(one, [`http://localhost:${port}`])
      : one;
  return (policy) => {
    const fallback = find(policy, 'default-src');
    const isWidened = fallback !== undefined && local(fallback) !== fallback;
    const kept = isWidened ? DOCUMENTS.flatMap((name) => copied(policy, fallback, name)) : [];
    const admitting = policy.map((one) => (ADMITS_LOCAL.test(one.name ?? '') ? local(one) : one));
    return [...admitting, ...kept];
  };
}

/** A directive of its own with the values of its fallback; nothing when the policy has one. */
function copied(policy: Policy, { values }: Directive, name: string): Directive[] {
  const names = name === 'frame-src' ? [name, 'child-src'] : [name];
  if (names.some((one) => find(policy, one) !== undefined)) return [];
  return [directive([` ${name}`, ...values].join(' '))];
}

/**
 * Adds sources to the directive that governs, the first of these names that is present. Where it is only a fallback,
 * a directive of the first name is added, so that what else falls back to it stays as strict.
 */
function admitSources(
  policy: Policy,
  names: readonly [string, ...string[]],
  sources: (values: readonly string[]) => readonly string[],
): Policy {
  const governing = names.map((name) => find(policy, name)).find((one) => one !== undefined);
  if (governing === undefined) return policy;
  const { name, values } = governing;
  const more = sources(values);
  if (name === names[0]) {
    return policy.map((one) => (one === governing ? widened(one, more) : one));
  }
  if (more.length === 0) return policy;
  return [...policy, widened(directive([` ${names[0]}`, ...values].join(' ')), more)];
}

/** The directive with more values, each once. 'none' is removed, because it counts only when it is alone (CSP Level 3, "Does url match source list?"). */
export function widened(one: Directive, more: readonly string[]): Directive {
  const missing = new Set(more.filter((value) => !lists(one, value)));
  if (missing.size === 0) return one;
  const kept = one.values.filter((value) => !isKeyword(value, 'none'));
  const [indent = ''] = /^\s*/.exec(one.text) ?? [];
  return directive(indent + [one.name, ...kept, ...missing].join(' '));
}

/** The first directive of a name counts, browsers ignore the others (CSP Level 3 section 2.2.1, step 2.5). */
function find(policy: Policy, name: string): Directive | undefined {
  return policy.find((one) => one.name === name);
}

function directive(text: string): Directive {
  const [[name, values] = [undefined, []]] = parseDirectives(text);
  return { text, name, values };
}

/** Keywords may be written in upper case; nonces and paths may not. */
function lists({ values }: Directive, wanted: string): boolean {
  return values.some(
    (value) => value === wanted || (wanted === "'self'" && isKeyword(value, 'self')),
  );
}

function isKeyword(value: string, name: string): boolean {
  return value.toLowerCase() === `'${name}'`;
}
