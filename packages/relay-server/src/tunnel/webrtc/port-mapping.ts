import { isIPv4 } from 'node:net';
import type { Candidate, PeerEngine } from './engine.js';
import { findRoute, type FindRoute } from './route-candidate.js';

/** A UDP port of the router's that leads to one of this machine's. */
export interface MappedPort {
  /** The router's own address, as the internet sees it. */
  readonly address: string;
  readonly port: number;
  /** Takes the mapping back. Never throws. */
  release(): void;
}

/** Asks the router for ports. */
export interface PortMapper {
  /** Has a local UDP port mapped; undefined when no router does. Never rejects. */
  map(localPort: number): Promise<MappedPort | undefined>;
  /** Takes every mapping back; resolves within a deadline. Idempotent. */
  close(): Promise<void>;
}

/** That of any server-reflexive candidate (RFC 8445 section 5.1.2.1), with the highest local preference. */
const PRIORITY = 100 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

/**
 * An engine whose peers offer a mapped port as well. Anybody may send to such a port, so a viewer behind a strict or a
 * symmetric NAT reaches the host whatever NAT the host is behind. The engine's socket takes what comes there as it takes
 * anything else; it need not know. No other candidate waits for this one, and the mapping lasts as long as the peer.
 */
export function withMappedPorts(
  engine: PeerEngine,
  mapper: PortMapper,
  find: FindRoute = findRoute,
): PeerEngine {
  return {
    name: engine.name,
    createPeer: (iceServers, handlers) => {
      const mapped = new MappedCandidate(
        mapper,
        (candidate) => handlers.candidate(candidate),
        find,
      );
      const peer = engine.createPeer(iceServers, {
        ...handlers,
        candidate: (candidate) => {
          handlers.candidate(candidate);
          mapped.take(candidate);
        },
        closed: (reason) => {
          mapped.release();
          handlers.closed(reason);
        },
      });
      const close = peer.close.bind(peer);
      const closeBoth = (): void => {
        mapped.release();
        close();
      };
      return Object.assign(peer, { close: closeBoth });
    },
  };
}

/** One peer's mapped port, from its candidate on the way to the router to its end. */
class MappedCandidate {
  readonly #mapper: PortMapper;
  readonly #tell: (candidate: Candidate) => void;
  /** This machine's address on that way; asked for with the first candidate that may have it. */
  #route: Promise<string | undefined> | undefined;
  readonly #find: FindRoute;
  #isAsked = false;
  #isOver = false;
  #port: MappedPort | undefined;

  constructor(mapper: PortMapper, tell: (candidate: Candidate) => void, find: FindRoute) {
    this.#mapper = mapper;
    this.#tell = tell;
    this.#find = find;
  }

  /** Takes a candidate of the engine's. */
  take({ candidate, mid }: Candidate): void {
    const [, , transport, , address = '', port = '', , type] = candidate.split(' ');
    const isHost = type === 'host' && transport?.toUpperCase() === 'UDP' && isIPv4(address);
    if (!isHost || this.#isAsked || this.#isOver) return;
    this.#route ??= this.#find();
    void this.#route.then((route) => {
      if (route === address) void this.#map(Number(port), mid);
    });
  }

  release(): void {
    this.#isOver = true;
    this.#port?.release();
    this.#port = undefined;
  }

  async #map(localPort: number, mid: string): Promise<void> {
    if (this.#isAsked || this.#isOver) return;
    this.#isAsked = true;
    const mapped = await this.#mapper.map(localPort);
    // The peer may have ended while the router was asked.
    if (this.#isOver) return mapped?.release();
    this.#port = mapped;
    if (mapped === undefined) return;
    const place = `${mapped.address} ${mapped.port} typ srflx raddr 0.0.0.0 rport 0`;
    this.#tell({ candidate: `candidate:mapped 1 UDP ${PRIORITY} ${place}`, mid });
  }
}
