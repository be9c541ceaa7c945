import { widened, type PolicyChange } from './content-security-policy.js';

/** The app's own address, and the origins at which its pages are seen. */
export interface OwnAddress {
  readonly port: number;
  readonly origins: readonly string[];
}

/** A host-source that names the developer's machine (CSP Level 3 section 2.3.1). */
const LOCAL_SOURCE = /^(?:(https?|wss?):\/\/)?localhost(?::(\d+|\*))?(\/\S*)?$/i;

/** The directives that govern what a page loads (CSP Level 3 section 6.1), and so what a service worker answers. */
const FETCHES = /-src(?:$|-)/;

/** The others whose values are URLs or sources of URLs. */
const NAMES_URLS = /^(?:base-uri|form-action|frame-ancestors|report-uri)$/;

/**
 * What a service worker answers, Firefox holds against the policy a second time, by the address of the
 * service worker's own script: sources with a path, and those of other ports, would not cover it.
 */
const SERVICE_WORKER = '/__wingman/sw.js';

/**
 * Where a policy names the app by its address on the developer's machine, it means the session too: on
 * localhost that is the page's own origin. What names other ports stays as it is.
 */
export function admitOwnOrigins(own: OwnAddress): PolicyChange {
  return (policy) =>
    policy.map((one) => {
      const { name = '', values } = one;
      const isFetched = FETCHES.test(name);
      if (!isFetched && !NAMES_URLS.test(name)) return one;
      return widened(
        one,
        values.flatMap((source) => asSeen(source, own, isFetched)),
      );
    });
}

/** The same source at each origin of the session, if it is the app's; none for what isn't on the developer's machine. */
function asSeen(source: string, { port, origins }: OwnAddress, isFetched: boolean): string[] {
  const match = LOCAL_SOURCE.exec(source);
  if (match === null) return [];
  const [, scheme = '', named = '80', path = ''] = match;
  const isPlain = !/^(?:https|wss)$/i.test(scheme);
  const isOwn = isPlain && (named === '*' || Number(named) === port);
  const own = origins.map((origin) => withScheme(scheme.toLowerCase(), new URL(origin)) + path);
  const isCovered = !isFetched || (isOwn && path === '');
  const answering = isCovered ? [] : origins.map((origin) => origin + SERVICE_WORKER);
  return [...(isOwn ? own : []), ...answering];
}

function withScheme(scheme: string, { host, protocol }: URL): string {
  if (scheme === '') return host;
  const isSecure = protocol === 'https:';
  if (scheme === 'ws') return `${isSecure ? 'wss' : 'ws'}://${host}`;
  return `${protocol}//${host}`;
}
