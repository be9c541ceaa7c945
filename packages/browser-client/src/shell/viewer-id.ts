import { isLinkId, newLinkId, parseCookies, VIEWER_COOKIE } from '@wingman/protocol';
import { cookieText } from '../shared/page-cookies.js';

const STORAGE_KEY = 'wingman.viewer';
/** The longest that browsers keep a cookie: 400 days. */
const MAX_AGE_SECONDS = 400 * 24 * 60 * 60;

/**
 * The id under which the host keeps this browser's cookies. It is in a cookie, so that plain HTTP
 * carries it too, and in the storage: the app may clear either, which must not end its sessions.
 */
export function viewerId(page: Pick<Document, 'cookie'>, storage: Storage | undefined): string {
  const pairs = parseCookies(cookieText(page));
  const kept = pairs.find(([name]) => name === VIEWER_COOKIE)?.[1] ?? read(storage);
  const id = kept !== undefined && isLinkId(kept) ? kept : newLinkId();
  keepViewerId(id, page, storage);
  return id;
}

function keepViewerId(
  id: string,
  page: Pick<Document, 'cookie'>,
  storage: Storage | undefined,
): void {
  try {
    // Lax: another site's requests must not come with this viewer's cookies.
    page.cookie = `${VIEWER_COOKIE}=${id}; Path=/; Secure; SameSite=Lax; Max-Age=${MAX_AGE_SECONDS}`;
    storage?.setItem(STORAGE_KEY, id);
  } catch {
    // A browser that keeps nothing is a new viewer on each visit.
  }
}

function read(storage: Storage | undefined): string | undefined {
  try {
    return storage?.getItem(STORAGE_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
