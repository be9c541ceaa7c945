import { admitLocalName, widened, type PolicyChange } from './content-security-policy.js';

/** The app's own port, and the origins at which the session shows the app's pages. */
export interface OwnAddress {
  readonly port: number;
  readonly origins: readonly string[];
  /** Where other ports have their pages. */
  readonly pageOrigins?: ReadonlyMap<number, string>;
}

/** A host-source that names the developer's machine (CSP Level 3 section 2.3.1). */
const LOCAL_SOURCE = /^(?:(https?|wss?):\/\/)?localhost(?::(\d+|\*))?(\/\S*)?$/i;

/** The directives that govern what a page loads (CSP Level 3 section 6.1), and so the answers of a service worker. */
const FETCHES = /-src(?:$|-)/;

/** The other directives whose values are URLs or sources of URLs. */
const NAMES_URLS = /^(?:base-uri|form-action|frame-ancestors|report-uri)$/;

/**
 * Firefox checks the answer of a service worker a second time, with the address of the service worker's own
 * script. A source with a path or with another port would not cover that address.
 */
const SERVICE_WORKER = '/__wingman/sw.js';

/**
 * A policy may name the app by its address on the developer's machine. On localhost this address is the page's
 * own origin, so the session's origins are added to it; another port that has pages is met at their origin too. And a page may call
 * the app by that address, which 'self' means there.
 */
export function admitOwnOrigins(own: OwnAddress): PolicyChange {
  const admitLocal = admitLocalName(own.port);
  return (policy) =>
    admitLocal(policy).map((one) => {
      const { name = '', values } = one;
      const isFetched = FETCHES.test(name);
      if (!isFetched && !NAMES_URLS.test(name)) return one;
      return widened(
        one,
        values.flatMap((source) => asSeen(source, own, isFetched)),
      );
    });
}

/** The sources to add for one source: the same at each origin of the session, if the source is the app's own. */
function asSeen(
  source: string,
  { port, origins, pageOrigins = new Map() }: OwnAddress,
  isFetched: boolean,
): string[] {
  const match = LOCAL_SOURCE.exec(source);
  if (match === null) return [];
  const [, scheme = '', named = '80', path = ''] = match;
  const isPlain = !/^(?:https|wss)$/i.test(scheme);
  const isOwn = isPlain && (named === '*' || Number(named) === port);
  const at = (origin: string): string => withScheme(scheme.toLowerCase(), new URL(origin)) + path;
  const others = [...pageOrigins].filter(([other]) => named === '*' || Number(named) === other);
  const isCovered = !isFetched || (isOwn && path === '');
  const answering = isCovered ? [] : origins.map((origin) => origin + SERVICE_WORKER);
  const seen = [...(isOwn ? origins : []), ...(isPlain ? others.map(([, origin]) => origin) : [])];
  return [...seen.map(at), ...answering];
}

function withScheme(scheme: string, { host, protocol }: URL): string {
  if (scheme === '') return host;
  const isSecure = protocol === 'https:';
  if (scheme === 'ws') return `${isSecure ? 'wss' : 'ws'}://${host}`;
  return `${protocol}//${host}`;
}
