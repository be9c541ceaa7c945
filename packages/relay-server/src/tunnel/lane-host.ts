import {
  isFar,
  LIMITS,
  type LaneMessage,
  type LaneNegotiation,
  type Link,
} from '@wingman/protocol';
import type { IceServerAddress, PeerEngine } from './webrtc/engine.js';
import type { LoadSpare } from './webrtc/spare-engine.js';
import { Attempt, type AttemptOptions } from './p2p-host.js';

export interface LaneHostOptions extends Omit<AttemptOptions, 'send' | 'attach' | 'failed'> {
  /** Loads the engine whose congestion windows hold at a distance. */
  readonly loadSpare?: LoadSpare | undefined;
}

/** One place of a link. It is taken before its engine is there. */
interface Place {
  attempt?: Attempt;
}

/** Answers the offers of further lanes that come on links: so many for each link, closed with their link. */
export class LaneHost {
  readonly #options: LaneHostOptions;
  /** The lanes of each link that are open or under way. */
  readonly #lanes = new Map<Link, Set<Place>>();

  constructor(options: LaneHostOptions) {
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
    const attempts = [...this.#lanes.values()].flatMap((places) => [...places]);
    this.#lanes.clear();
    for (const { attempt } of attempts) attempt?.close();
  }

  /** One above the number that a link may have is reset with LIMIT_EXCEEDED. */
  #offered(link: Link, negotiation: LaneNegotiation, sdp: string): void {
    const places = this.#lanes.get(link) ?? new Set<Place>();
    // The first lane of a path is not counted here.
    if (places.size >= LIMITS.maxLanes - 1) return negotiation.reset('LIMIT_EXCEEDED');
    const place: Place = {};
    this.#lanes.set(link, places.add(place));
    const answered = this.#engineFor(link).then((engine) => {
      // The host may have closed while the engine was being loaded.
      if (this.#lanes.get(link)?.has(place) !== true) return negotiation.reset('CANCELLED');
      place.attempt = this.#answer(link, negotiation, engine, () => this.#forget(link, place));
      this.#follow(place.attempt, negotiation, sdp);
    });
    // An engine that is out of descriptors makes no peer.
    answered.catch(() => {
      this.#forget(link, place);
      negotiation.reset('REFUSED');
    });
  }

  /**
   * The spare engine far away: libdatachannel's window falls by false timeouts, and grows by a packet a round trip
   * (docs/decisions/0059-lanes-at-a-distance.md).
   */
  async #engineFor(link: Link): Promise<PeerEngine> {
    const { engine, loadSpare } = this.#options;
    if (engine.name === 'wrtc' || !isFar(link.stats().quality.p2p?.baseRttMs)) return engine;
    return (await loadSpare?.()) ?? engine;
  }

  #answer(
    link: Link,
    negotiation: LaneNegotiation,
    engine: PeerEngine,
    onClosed: () => void,
  ): Attempt {
    const isPreferred = engine !== this.#options.engine;
    const options: AttemptOptions = {
      ...this.#options,
      engine,
      send: (message) => {
        const said = toLaneMessage(message);
        if (said !== undefined) negotiation.send(said);
      },
      iceServers: () => this.#options.iceServers().filter(isStun),
      attach: (_, carrier) => {
        link.attach(carrier, 'p2p', { joins: true, isPreferred });
        negotiation.end();
        // Without a TURN server there is one way only.
        return () => undefined;
      },
      failed: (_, error) => negotiation.reset(error.code),
    };
    return new Attempt({ linkId: link.id, attempt: 0 }, options, onClosed);
  }

  #follow(lane: Attempt, negotiation: LaneNegotiation, sdp: string): void {
    lane.start(sdp);
    const take = (message: LaneMessage): void => {
      if (message.type === 'candidate') lane.addCandidate(message.candidate, message.mid);
    };
    // A viewer that ends the negotiation has its lane; one that resets it has given up.
    negotiation.read(take).catch(() => {
      if (lane.state !== 'open') lane.close();
    });
  }

  #forget(link: Link, place: Place): void {
    const places = this.#lanes.get(link);
    places?.delete(place);
    if (places?.size === 0) this.#lanes.delete(link);
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
