import { LIMITS, type LaneMessage, type LaneNegotiation, type Link } from '@wingman/protocol';
import type { IceServerAddress } from './webrtc/engine.js';
import { Attempt, type AttemptOptions } from './p2p-host.js';

/** Answers the offers of further lanes that come on links: so many for each link, closed with their link. */
export class LaneHost {
  readonly #options: Omit<AttemptOptions, 'send' | 'attach' | 'failed'>;
  /** The lanes of each link that are open or under way. */
  readonly #lanes = new Map<Link, Set<Attempt>>();

  constructor(options: Omit<AttemptOptions, 'send' | 'attach' | 'failed'>) {
    this.#options = options;
  }

  /** Further lanes that exist now, of all links. */
  get laneCount(): number {
    return [...this.#lanes.values()].reduce((sum, lanes) => sum + lanes.size, 0);
  }

  /** Takes the offers that come on a link. */
  offersOn(link: Link): (negotiation: LaneNegotiation, sdp: string) => void {
    return (negotiation, sdp) => this.#offered(link, negotiation, sdp);
  }

  /** Closes every further lane. */
  close(): void {
    for (const lanes of [...this.#lanes.values()]) for (const lane of [...lanes]) lane.close();
  }

  /** One above the number that a link may have is reset with LIMIT_EXCEEDED. */
  #offered(link: Link, negotiation: LaneNegotiation, sdp: string): void {
    const lanes = this.#lanes.get(link) ?? new Set<Attempt>();
    // The first lane of a path is not counted here.
    if (lanes.size >= LIMITS.maxLanes - 1) return negotiation.reset('LIMIT_EXCEEDED');
    const lane = this.#answer(link, negotiation, () => this.#forget(link, lane));
    this.#lanes.set(link, lanes.add(lane));
    lane.start(sdp);
    const take = (message: LaneMessage): void => {
      if (message.type === 'candidate') lane.addCandidate(message.candidate, message.mid);
    };
    // A viewer that ends the negotiation has its lane; one that resets it has given up.
    negotiation.read(take).catch(() => {
      if (lane.state !== 'open') lane.close();
    });
  }

  #answer(link: Link, negotiation: LaneNegotiation, onClosed: () => void): Attempt {
    const options: AttemptOptions = {
      ...this.#options,
      send: (message) => {
        const said = toLaneMessage(message);
        if (said !== undefined) negotiation.send(said);
      },
      iceServers: () => this.#options.iceServers().filter(isStun),
      attach: (_, carrier) => {
        link.attach(carrier, 'p2p', { joins: true });
        negotiation.end();
        // Without a TURN server there is one way only.
        return () => undefined;
      },
      failed: (_, error) => negotiation.reset(error.code),
    };
    return new Attempt({ linkId: link.id, attempt: 0 }, options, onClosed);
  }

  #forget(link: Link, lane: Attempt): void {
    const lanes = this.#lanes.get(link);
    lanes?.delete(lane);
    if (lanes?.size === 0) this.#lanes.delete(link);
  }
}

/** Only a direct path is worth further lanes: by TURN they would share the server's. */
function isStun({ urls }: IceServerAddress): boolean {
  return urls.every((url) => url.startsWith('stun'));
}

/** What an attempt says, in the words of a negotiation on a link. */
function toLaneMessage(message: Parameters<AttemptOptions['send']>[0]): LaneMessage | undefined {
  if (message.$case === 'answer') return { type: 'answer', sdp: message.value?.sdp ?? '' };
  if (message.$case !== 'iceCandidate') return undefined;
  const { candidate = '', sdpMid: mid = '' } = message.value ?? {};
  return { type: 'candidate', candidate, mid };
}
