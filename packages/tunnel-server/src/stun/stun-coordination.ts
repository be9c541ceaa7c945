import { createHmac } from 'node:crypto';
import { SERVER_LIMITS } from '../limits.js';

/** An ICE server as the IceServer message has it. */
export interface IceServerEntry {
  urls: string[];
  username: string;
  credential: string;
}

export interface StunCoordinationOptions {
  /** Asked each time: the embedded responder's port is known late. */
  stunUrls(): readonly string[];
  turnUrls: readonly string[];
  turnSecret: string | undefined;
  /** Wall-clock time in milliseconds since 1970: credentials carry it to coturn. */
  wallClock(): number;
}

/** Hands out ICE servers, with TURN credentials that expire. */
export class StunCoordination {
  readonly #options: StunCoordinationOptions;

  constructor(options: StunCoordinationOptions) {
    this.#options = options;
  }

  /** ICE servers for one user (a link id, or the host's session name), good for `lifeMs` at most. */
  iceServersFor(user: string, lifeMs: number): IceServerEntry[] {
    const { turnUrls, turnSecret } = this.#options;
    const stunUrls = this.#options.stunUrls();
    const servers: IceServerEntry[] = [];
    if (stunUrls.length > 0) servers.push({ urls: [...stunUrls], username: '', credential: '' });
    if (turnUrls.length === 0 || turnSecret === undefined) return servers;
    const expiry = this.#options.wallClock() + Math.min(lifeMs, SERVER_LIMITS.turnCredentialMs);
    servers.push({ urls: [...turnUrls], ...turnCredential(turnSecret, user, expiry) });
    return servers;
  }
}

/**
 * A credential as coturn's `use-auth-secret` checks it (draft-uberti-behave-turn-rest-00): the user
 * name starts with the expiry in seconds, the password is its HMAC-SHA-1. `expiryMs` since 1970.
 */
export function turnCredential(
  secret: string,
  user: string,
  expiryMs: number,
): { username: string; credential: string } {
  const username = `${Math.floor(expiryMs / 1000)}:${user}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
