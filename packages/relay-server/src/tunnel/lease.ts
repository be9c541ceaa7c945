import { parseIceUrl } from '@wingman/node-kit';
import {
  WingmanError,
  type Clock,
  type HostRegistered,
  type IceServer,
  type Timer,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { HostOptions } from './host-types.js';

type LeaseOptions = Pick<HostOptions, 'identity' | 'ttlMs' | 'stunServers'>;

/** What the tunnel server has granted this session, and for how long. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #grant: HostRegistered | undefined;
  #expiry: Timer | undefined;

  constructor(options: LeaseOptions, clock: Clock, onExpired: () => void) {
    this.#options = options;
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  /** Whether there has ever been a grant. */
  get isGranted(): boolean {
    return this.#grant !== undefined;
  }

  /** The session's origin; undefined before the first grant. */
  get origin(): string | undefined {
    return this.#grant?.origin;
  }

  /** When the session ends, in milliseconds since 1970. */
  get expiresAt(): number {
    return Number(this.#grant?.expiresAtMs ?? 0n);
  }

  /** The version that the server says it has; empty where it says none. */
  get serverVersion(): string {
    return this.#grant?.version ?? '';
  }

  get dialToken(): string {
    return this.#grant?.dialToken ?? '';
  }

  /** The host's own STUN servers, and those that the server names. */
  get iceServers(): Pick<IceServer, 'urls' | 'username' | 'credential'>[] {
    const urls = [...this.#options.stunServers];
    const own = urls.length === 0 ? [] : [{ urls, username: '', credential: '' }];
    return [...own, ...(this.#grant?.iceServers ?? [])];
  }

  /** A registration after a reconnection must not make the session live longer. */
  get remainingMs(): number {
    return this.#grant === undefined ? this.#options.ttlMs : this.expiresAt - Date.now();
  }

  /** Takes a grant. The end that the first one named stays. Throws REFUSED for an origin that isn't the session's. */
  take(grant: HostRegistered): void {
    demandOwnOrigin(grant.origin, this.#options.identity.session);
    const expiresAtMs = this.#grant?.expiresAtMs ?? this.#endOf(grant);
    this.#grant = { ...grant, expiresAtMs, iceServers: usable(grant.iceServers) };
    this.#expiry?.cancel();
    // The server's clock runs too: responses under way get their time before it ends.
    const left = Math.max(0, this.remainingMs - HOST_LIMITS.drainMs);
    this.#expiry = this.#clock.setTimeout(this.#onExpired, left);
  }

  /** Stops the clock: the session has ended. */
  end(): void {
    this.#expiry?.cancel();
  }

  /** A server may grant less time than was asked for, never more. */
  #endOf({ expiresAtMs }: HostRegistered): bigint {
    const asked = BigInt(Math.round(Date.now() + this.#options.ttlMs));
    return expiresAtMs < asked ? expiresAtMs : asked;
  }
}

/**
 * The link key is put behind this origin, and a terminal shows it. So it has to be one, and its name begins with the
 * session's, which no other session has.
 */
function demandOwnOrigin(origin: string, session: string): void {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (isWeb && url.origin === origin && url.hostname.startsWith(`${session}.`)) return;
  throw new WingmanError('REFUSED', 'the tunnel server names an origin that is not the session’s');
}

/** What an engine would make of anything else is its own affair. */
function usable(servers: readonly IceServer[]): IceServer[] {
  return servers
    .slice(0, HOST_LIMITS.iceServers)
    .map((server) => ({ ...server, urls: server.urls.filter((url) => parseIceUrl(url)) }))
    .filter(({ urls }) => urls.length > 0 && urls.length <= HOST_LIMITS.iceServers);
}
