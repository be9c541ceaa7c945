import { countStunServers, natKind, type NatKind } from '@wingman/protocol';
import { SERVER_LIMITS } from '../limits.js';

/** The two ends of a direct path. */
type End = 'viewer' | 'host';

/** What of a candidate's message is looked at. */
interface Seen {
  readonly attempt: number;
  readonly candidate: string;
}

/** What the candidates of a tab's newest attempt tell of the NATs at both ends, as far as they pass this server. */
export class NatSights {
  #lines: Readonly<Record<End, string[]>> = { viewer: [], host: [] };
  #attempt = 0;
  #stunServers = 0;

  /** The viewer is told whom to ask for its address. */
  asks(iceServers: readonly { urls?: readonly string[] | undefined }[]): void {
    this.#stunServers = countStunServers(iceServers.flatMap(({ urls = [] }) => urls));
  }

  /** A candidate passes. One of a later attempt begins anew. */
  see(end: End, { attempt, candidate }: Seen): void {
    if (attempt > this.#attempt) this.#lines = { viewer: [], host: [] };
    this.#attempt = Math.max(this.#attempt, attempt);
    const lines = this.#lines[end];
    if (attempt === this.#attempt && lines.length < SERVER_LIMITS.candidatesSeen)
      lines.push(candidate);
  }

  /** The kind of an end's NAT. A host may ask further servers, of which this one doesn't know. */
  of(end: End): NatKind {
    return natKind(this.#lines[end], { stunServers: this.#stunServers });
  }
}
