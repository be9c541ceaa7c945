import {
  ARRIVAL_COOKIE,
  derivePortLinkKey,
  DOOR_PREFIX,
  encodeLinkKey,
  newLinkId,
  portSessionName,
  splitSessionName,
  type LinkKey,
} from '@wingman/protocol';

/** The parts of a page's address that count here. */
type Address = Pick<Location, 'protocol' | 'host' | 'pathname' | 'search' | 'hash'>;

/** The fragment begins so once the tab has been at the door, where there may have been no key. */
const KEY_START = '#k=';

/** One passage through the door takes far less. */
const ARRIVAL_SECONDS = 60;

/**
 * Where a page of another port gets its key, and the id of its visitor: at the main session, which this browser may
 * have opened. Undefined for a page of the main session, and for a tab that comes from there.
 */
export function doorFor(session: string, page: Address): string | undefined {
  const { main, port } = splitSessionName(session);
  if (port === undefined || page.hash.startsWith(KEY_START)) return undefined;
  const origin = originOf(main, session, page);
  const query = new URLSearchParams({ to: page.pathname + page.search, for: newLinkId() });
  return origin && `${origin}${DOOR_PREFIX}${port}?${String(query)}${page.hash}`;
}

/** Goes to the door. The tunnel server lets in the id that is on its way back here in a browser with this cookie only. */
export function goToDoor(door: string, { document, location }: Window): void {
  const arrival = new URL(door).searchParams.get('for') ?? '';
  const attributes = `Path=/; Secure; SameSite=Lax; Max-Age=${ARRIVAL_SECONDS}`;
  document.cookie = `${ARRIVAL_COOKIE}=${arrival}; ${attributes}`;
  location.replace(door);
}

/** Whether a page is the door, and nothing else. */
export function isDoor({ pathname }: Pick<Location, 'pathname'>): boolean {
  return pathname.startsWith(DOOR_PREFIX);
}

/**
 * Where the door leads: by a redirect of the tunnel server's, which sees no fragment, to the other port's page, with the
 * key of its session behind it. That key opens no other session, and goes nowhere but to that session's own origin.
 */
export async function throughDoor(
  session: string,
  door: Address,
  key: LinkKey | null,
): Promise<string> {
  const port = Number(door.pathname.slice(DOOR_PREFIX.length));
  if (splitSessionName(portSessionName(session, port)).port !== port) return '/';
  const secret = key === null ? '' : encodeLinkKey(await derivePortLinkKey(key, port));
  return `${DOOR_PREFIX}${port}/pass${door.search}${KEY_START}${secret}${door.hash}`;
}

/** The origin of another session of the same host; undefined where the page is not at its session's own name. */
function originOf(other: string, session: string, { protocol, host }: Address): string | undefined {
  if (!host.startsWith(`${session}.`)) return undefined;
  return `${protocol}//${other}${host.slice(session.length)}`;
}
