import { ConfigError } from '@wingman/node-kit';
import { decodeLinkKey, isSessionName } from '@wingman/protocol';

/** What a session's whole link says. */
export interface SessionLink {
  readonly origin: string;
  readonly session: string;
  readonly linkKey: Uint8Array;
}

/** Reads the link that `wingman share` prints. Throws ConfigError. */
export function readSessionLink(link: string): SessionLink {
  try {
    const { origin, hostname, hash } = new URL(link);
    const [session = ''] = hostname.split('.');
    const linkKey = decodeLinkKey(hash.replace(/^#k=/, ''));
    if (isSessionName(session)) return { origin, session, linkKey };
  } catch {
    // Said below.
  }
  throw new ConfigError(
    '<link> is not valid. It is the whole link that wingman share prints, with the part after the #, in quotes.',
  );
}
