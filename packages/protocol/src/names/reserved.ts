/** The prefix of the tunnel's own paths on every session origin. */
export const RESERVED_PREFIX = '/__wingman/';

/** The script that comes first in the app's documents. */
export const SHIM_PATH = `${RESERVED_PREFIX}shim.js`;

/** The path at which a viewer reaches the relay: by a WebSocket, and by a POST with the first flight. */
export const RELAY_TARGET = `${RESERVED_PREFIX}relay`;

/** Where a browser that uses plain HTTP proves the key, and gets a cookie for it. */
export const INGRESS_TARGET = `${RESERVED_PREFIX}ingress`;

/**
 * The certificate that visitors of a server on the local network have to trust, for them to install. Written in one piece,
 * so that the bundles of browsers can leave it out.
 */
export const AUTHORITY_TARGET = '/__wingman/certificate';

/** Where a viewer's page sends what a person has typed as the passphrase. Only over a link: the server must not see it. */
export const ENTRY_TARGET = `${RESERVED_PREFIX}entry`;

/** Below it a page of another port is asked for as a frame: the shell shows the path that follows. */
export const FRAMED_PREFIX = `${RESERVED_PREFIX}in`;

/**
 * The main session's page that gives another port's page its key. A port follows, and in the query's `to` the target
 * that the visitor wants to see there.
 */
export const DOOR_PREFIX = `${RESERVED_PREFIX}door/`;

/** The page that measures the paths to the host. The shell shows it in its frame, as it does the app. In one piece, as above. */
export const DIAGNOSTICS_TARGET = '/__wingman/diagnostics';

/**
 * The host itself answers here on a viewer's link, within SPEED_LIMITS: a GET with `bytes` bytes of noise, a POST with a
 * SpeedAnswer as JSON. Either ends after `ms` milliseconds.
 */
export const SPEED_TARGET = '/__wingman/speed';

/**
 * The host itself answers a GET here on a viewer's link with a push stream: what the page's modules import, before the page
 * asks for it. It ends when there is nothing more to push. In one piece, as above.
 */
export const PUSHES_TARGET = '/__wingman/pushes';

/** What the host has received of an upload, and how long that took. */
export interface SpeedAnswer {
  readonly bytes: number;
  readonly ms: number;
}

/** Names of the tunnel's own caches in a browser begin with this. */
export const CACHE_PREFIX = 'wingman-';

/** The host itself answers a GET of this target on a viewer's link, with a PortsAnswer as JSON. */
export const PORTS_TARGET = `${RESERVED_PREFIX}ports`;

/** Where viewers who look at the app together meet: the host itself answers, on a viewer's link. In one piece, as above. */
export const TOGETHER_TARGET = '/__wingman/together';

/** The ports of the developer's machine that a viewer's requests may name. */
export interface PortsAnswer {
  /** The shared port: the app's origin there is `http://localhost:<port>`. */
  port: number;
  /** The other ports that are allowed. */
  also: number[];
}
