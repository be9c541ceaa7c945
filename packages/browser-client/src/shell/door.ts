import {
  derivePortLinkKey,
  DOOR_PREFIX,
  encodeLinkKey,
  portSessionName,
  splitSessionName,
  type LinkKey,
} from '@wingman/protocol';

/** The parts of a page's address that count here. */
type Address = Pick<Location, 'protocol' | 'host' | 'pathname' | 'search' | 'hash'>;

/** The fragment begins so once the tab has been at the door, where there may have been no key. */
const KEY_START = '#k=';

/**
 * Where a page of another port gets its key: at the main session, which this browser may have opened. Undefined for a
 * page of the main session, and for a tab that comes from there.
 */
export function doorFor(session: string, page: Address): string | undefined {
  const { main, port } = splitSessionName(session);
  if (port === undefined || page.hash.startsWith(KEY_START)) return undefined;
  const origin = originOf(main, session, page);
  const to = encodeURIComponent(page.pathname + page.search);
  return origin && `${origin}${DOOR_PREFIX}${port}?to=${to}${page.hash}`;
}

/** Whether a page is the door, and nothing else. */
export function isDoor({ pathname }: Pick<Location, 'pathname'>): boolean {
  return pathname.startsWith(DOOR_PREFIX);
}

/**
 * Where the door leads: to the other port's page, with the key of its session behind it. That key opens no other
 * session, and it goes nowhere but to that session's own origin.
 */
export async function throughDoor(
  session: string,
  door: Address,
  key: LinkKey | null,
): Promise<string> {
  const port = Number(door.pathname.slice(DOOR_PREFIX.length));
  const other = portSessionName(session, port);
  const origin = originOf(other, session, door);
  if (splitSessionName(other).port !== port || origin === undefined) return '/';
  const to = new URLSearchParams(door.search).get('to') ?? '';
  const url = new URL(origin + (to.startsWith('/') ? to : '/'));
  const secret = key === null ? '' : encodeLinkKey(await derivePortLinkKey(key, port));
  url.hash = KEY_START + secret + door.hash;
  return url.href;
}

/** The origin of another session of the same host; undefined where the page is not at its session's own name. */
function originOf(other: string, session: string, { protocol, host }: Address): string | undefined {
  if (!host.startsWith(`${session}.`)) return undefined;
  return `${protocol}//${other}${host.slice(session.length)}`;
}
