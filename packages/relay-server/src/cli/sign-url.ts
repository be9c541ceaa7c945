import { optionsOf, readSettings, schemas, setting, type Given } from '@wingman/node-kit';
import { IngressKey } from '../exchange/ingress-key.js';
import { readSessionLink } from './session-link.js';

const DAY_MS = 86_400_000;
/** A session with a name may be started again and again, so a URL of it may outlive one start. */
const MAX_EXPIRY_MS = 365 * DAY_MS;

const SETTINGS = {
  label: setting({
    option: '--for <label>',
    default: 'url',
    good: 'webhook',
    meaning: 'Whom it is for, to be told apart later: a-z, 0-9 and hyphens.',
    schema: schemas.text.regex(/^[a-z0-9-]{1,40}$/),
  }),
  expiresMs: setting({
    option: '--expires <time>',
    default: '1d',
    good: '1d',
    meaning: 'How long it is good: a number with s, m, h or d; at most 365d.',
    schema: schemas.duration(1_000, MAX_EXPIRY_MS),
  }),
  path: setting({
    option: '--path <path>',
    default: '/',
    good: '/hooks',
    meaning: 'The path that it opens, with everything below: ASCII, without a query or an escape.',
    schema: schemas.text.max(1_024).refine(isPlainPath),
  }),
};

/** The options of `wingman url`. */
export const urlOptions = optionsOf(SETTINGS);

/** Signs a URL with the key in a session's link, so that a program without the key may use it. Throws ConfigError. */
export async function signUrl(link: string, given: Given<typeof SETTINGS>): Promise<string> {
  const { label, expiresMs, path } = readSettings(SETTINGS, given, {});
  const { origin, session, linkKey } = readSessionLink(link);
  const key = await IngressKey.create(linkKey, session);
  return origin + key.signPath({ label, path, expiresAt: Date.now() + expiresMs });
}

/** What a URL parser leaves as it is, and no server reads in another way. */
function isPlainPath(path: string): boolean {
  if (!/^\/[\w.~!$&'()*+,;=:@/-]*$/.test(path) || path.includes('//')) return false;
  return new URL(path, 'http://session').pathname === path;
}
