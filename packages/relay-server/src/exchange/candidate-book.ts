import type { HostMessage, IceCandidate, SentCase } from '@wingman/protocol';
import { BoundedMap } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** An address at which one end of a link can perhaps be reached. */
export interface KnownCandidate {
  readonly end: 'host' | 'viewer';
  /** `host`, `srflx`, `prflx` or `relay` (RFC 8445 section 5.1.1). */
  readonly type: string;
  readonly protocol: string;
  readonly address: string;
}

/** Foundation, component, transport, priority, address, port, type (RFC 8839 section 5.1). */
const CANDIDATE = /^candidate:\S+ \d+ (\S+) \d+ (\S+) (\d+) typ (\w+)/;

/** The candidates that both ends of viewers' links have named, for whoever wants to know why a path is as it is. */
export class CandidateBook {
  readonly #links = new BoundedMap<string, Map<string, KnownCandidate>>(HOST_LIMITS.awaitedOffers);

  /** The candidates of a link, in the order in which they came. */
  of(linkId: string): KnownCandidate[] {
    return [...(this.#links.get(linkId)?.values() ?? [])];
  }

  /** Notes a candidate of the host on its way out, and returns the message. */
  sent(message: SentCase<HostMessage>): SentCase<HostMessage> {
    if (message.$case === 'iceCandidate') this.#note(message.value ?? {}, 'host');
    return message;
  }

  /** Notes a viewer's candidate, and returns it. */
  received(candidate: IceCandidate): IceCandidate {
    this.#note(candidate, 'viewer');
    return candidate;
  }

  #note(
    { linkId = '', candidate: line = '' }: Partial<IceCandidate>,
    end: 'host' | 'viewer',
  ): void {
    const [whole, protocol = '', host = '', port = '', type = ''] = CANDIDATE.exec(line) ?? [];
    if (whole === undefined) return;
    const known = this.#links.get(linkId) ?? new Map<string, KnownCandidate>();
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const key = `${end} ${protocol} ${address} ${type}`;
    if (known.size < HOST_LIMITS.candidatesPerAttempt || known.has(key)) {
      known.set(key, { end, type, protocol: protocol.toLowerCase(), address });
    }
    this.#links.set(linkId, known);
  }
}
