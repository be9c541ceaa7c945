import { createSocket } from 'node:dgram';
import type { Candidate } from './engine.js';

/** This machine's address on the way to the internet; undefined when there is no such way. */
export type FindRoute = () => Promise<string | undefined>;

/** An address for documentation (RFC 5737): connecting to it chooses a route and sends nothing. */
const SOMEWHERE = '192.0.2.1';
const DISCARD_PORT = 9;

/** Asks the system which IPv4 address it would send from. */
export const findRoute: FindRoute = () =>
  new Promise((resolve) => {
    const socket = createSocket('udp4');
    const done = (address?: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    socket.connect(DISCARD_PORT, SOMEWHERE, () => done(socket.address().address));
  });

/** Above every other candidate (RFC 8445 section 5.1.2.1): a host's, with the highest local preference. */
const PRIORITY = 126 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

/**
 * Offers the address of the default route before all others. libjuice offers fourteen addresses in the order of the
 * interfaces, so that on a machine with many bridges the one address that a LAN reaches is left out. Its socket is bound
 * to every address at one port, so what is missing can be offered for it.
 */
export class RouteCandidate {
  readonly #tell: (candidate: Candidate) => void;
  readonly #find: FindRoute;
  #isAsked = false;
  /** Where the route's candidate leads; empty while it isn't known. */
  #place = '';

  constructor(tell: (candidate: Candidate) => void, find: FindRoute = findRoute) {
    this.#tell = tell;
    this.#find = find;
  }

  /** Takes a candidate of the engine's. */
  take(candidate: Candidate): void {
    const [, , transport, , address = '', port = '', , type] = candidate.candidate.split(' ');
    const isHost = type === 'host' && transport?.toUpperCase() === 'UDP';
    if (isHost && `${address} ${port}` === this.#place) return;
    this.#tell(candidate);
    if (!isHost || this.#isAsked || address.includes(':')) return;
    this.#isAsked = true;
    void this.#offer(port, address, candidate.mid);
  }

  async #offer(port: string, first: string, mid: string): Promise<void> {
    const address = await this.#find();
    if (address === undefined || address === first) return;
    this.#place = `${address} ${port}`;
    this.#tell({ candidate: `candidate:route 1 UDP ${PRIORITY} ${this.#place} typ host`, mid });
  }
}
