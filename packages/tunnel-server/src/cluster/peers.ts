import { DIAL_PATH, readDial } from '@wingman/node-kit';
import {
  BAD_TOKEN,
  DIRECTORY_AWAY,
  isSessionName,
  NODE_AWAY,
  type Problem,
} from '@wingman/protocol';
import { createProxyServer } from 'http-proxy-3';
import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { pathOf, routeHost } from '../web/locate.js';
import { refuseUpgrade, sendProblem } from '../web/problems.js';
import type { Directory } from './directory.js';
import { isPeerProof, PEER_FIELD, provePeer } from './peer-proof.js';

export interface PeerOptions {
  readonly directory: Directory;
  /** Where the others reach this node. */
  readonly node: string;
  /** What nodes know each other by. */
  readonly secret: string;
  readonly domain: string;
  readonly logger: Pick<Logger, 'warn'>;
  /** Whether this node has a session of this name. */
  isHere(name: string): boolean;
}

/** What becomes of a request: it is for this node, for another at this origin, or for nobody. */
type Way = { to: 'here' } | { to: 'peer'; origin: string } | { to: 'nobody'; problem: Problem };

const HERE: Way = { to: 'here' };

/** Passes what is for a session of another node to that node, once: what a node has passed on stays where it has come. */
export class Peers {
  readonly #options: PeerOptions;
  /** Both ends of upgrades that are being passed on. */
  readonly #passed = new Set<Socket>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #proxy = createProxyServer({ agent: this.#agent });
  readonly #upgrades = createProxyServer({ ws: true });

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#proxy.on('proxyReq', giveUpLate);
    this.#upgrades.on('proxyReqWs', giveUpLate);
    this.#upgrades.on('open', (socket: Socket) => this.#keep(socket));
    this.#proxy.on('error', (error, req, res) => this.#failed(error, req, res));
    this.#upgrades.on('error', (error, req, res) => this.#failed(error, req, res));
  }

  /** Passes a request on, or hands it to `here`: at once where no other node has to be asked. */
  web(req: IncomingMessage, res: ServerResponse, here: () => void): void {
    this.#decide(req, (way) => {
      if (way.to === 'here') return here();
      if (way.to === 'nobody') return sendProblem(req, res, way.problem);
      this.#proxy.web(req, res, this.#target(way.origin, req));
    });
  }

  /** The same for an upgrade. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, here: () => void): void {
    // Nobody else listens for errors of this socket until it is taken over.
    socket.on('error', () => socket.destroy());
    this.#decide(req, (way) => {
      if (way.to === 'here' || !(socket instanceof Socket)) return here();
      if (way.to === 'nobody') return refuseUpgrade(req, socket, way.problem);
      this.#keep(socket);
      this.#upgrades.ws(req, socket, head, this.#target(way.origin, req));
    });
  }

  /** Ends what is being passed on. */
  close(): void {
    for (const socket of this.#passed) socket.destroy();
    this.#agent.destroy();
  }

  #keep(socket: Socket): void {
    this.#passed.add(socket);
    socket.once('close', () => this.#passed.delete(socket));
  }

  #decide(req: IncomingMessage, go: (way: Way) => void): void {
    const { node, secret } = this.#options;
    const proof = req.headers[PEER_FIELD];
    if (proof !== undefined) {
      const isPeer = isPeerProof(secret, req, [proof].flat().join(), Date.now());
      removeField(req, PEER_FIELD);
      return go(isPeer ? HERE : { to: 'nobody', problem: BAD_TOKEN });
    }
    const name = this.#sessionOf(req);
    if (name === undefined || this.#options.isHere(name)) return go(HERE);
    void this.#ownerOf(name, node).then(go);
  }

  async #ownerOf(name: string, node: string): Promise<Way> {
    try {
      const origin = await this.#options.directory.ownerOf(name);
      return origin === undefined || origin === node ? HERE : { to: 'peer', origin };
    } catch {
      return { to: 'nobody', problem: DIRECTORY_AWAY };
    }
  }

  /** The session that a request is for; undefined for the server's own pages, and for what can be no session. */
  #sessionOf({ headers, url = '' }: IncomingMessage): string | undefined {
    const route = routeHost(headers.host, this.#options.domain);
    const query = new URLSearchParams(url.split('?').slice(1).join('?'));
    const dialled = pathOf(url) === DIAL_PATH ? readDial(query)?.session : undefined;
    const name = route.kind === 'session' ? route.name : dialled;
    return name !== undefined && isSessionName(name) ? name : undefined;
  }

  #target(
    target: string,
    req: IncomingMessage,
  ): { target: string; headers: Record<string, string> } {
    return { target, headers: { [PEER_FIELD]: provePeer(this.#options.secret, req, Date.now()) } };
  }

  #failed(error: Error, req: IncomingMessage, res: ServerResponse | Socket): void {
    this.#options.logger.warn({ reason: error.message }, 'another node does not answer');
    if (res instanceof Socket) return refuseUpgrade(req, res, NODE_AWAY);
    // Half an answer must not look whole.
    if (res.headersSent) res.destroy();
    else sendProblem(req, res, NODE_AWAY);
  }
}

/** A node that is cut off would be waited for by the system for minutes. */
function giveUpLate(request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const late = setTimeout(() => request.destroy(), SERVER_LIMITS.peerConnectMs);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(late));
  });
}

/** Apps see the fields that have come. */
function removeField(req: IncomingMessage, name: string): void {
  delete req.headers[name];
  const fields = req.rawHeaders;
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    if (fields[index]?.toLowerCase() === name) fields.splice(index, 2);
  }
}
