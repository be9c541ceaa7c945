import type { Clock, HostRegistered, IceServer, Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { HostOptions } from './host-types.js';

/** What the tunnel server has granted this session, and for how long. */
export class Lease {
  readonly #options: Pick<HostOptions, 'ttlMs' | 'stunServers'>;
  readonly #clock: Clock;
  readonly #onExpired: () => void;
  #grant: HostRegistered | undefined;
  #expiry: Timer | undefined;

  constructor(
    options: Pick<HostOptions, 'ttlMs' | 'stunServers'>,
    clock: Clock,
    onExpired: () => void,
  ) {
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

  /** Takes a grant. The end that the first one named stays. */
  take(grant: HostRegistered): void {
    const expiresAtMs = this.#grant?.expiresAtMs ?? grant.expiresAtMs;
    this.#grant = { ...grant, expiresAtMs };
    this.#expiry?.cancel();
    // The server's clock runs too: responses under way get their time before it ends.
    const left = Math.max(0, this.remainingMs - HOST_LIMITS.drainMs);
    this.#expiry = this.#clock.setTimeout(this.#onExpired, left);
  }

  /** Stops the clock: the session has ended. */
  end(): void {
    this.#expiry?.cancel();
  }
}
