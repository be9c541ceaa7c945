import { DIAL_PATH, readDial } from '@wingman/node-kit';
import {
  BAD_TOKEN,
  DIRECTORY_AWAY,
  isSessionName,
  NODE_AWAY,
  type Problem,
} from '@wingman/protocol';
import { createProxyServer } from 'http-proxy-3';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import {
  Agent,
  request,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { isSameSecret } from '../sessions/registration.js';
import { pathOf, routeHost } from '../web/locate.js';
import { refuseUpgrade, sendProblem } from '../web/problems.js';
import type { Directory } from './directory.js';

export interface PeerOptions {
  readonly directory: Directory;
  /** The URL at which other nodes reach this one. */
  readonly node: string;
  /** The secret that all nodes share and prove to each other. */
  readonly secret: string;
  readonly domain: string;
  readonly logger: Pick<Logger, 'warn'>;
  /** Whether this node has a session of this name. */
  isHere(name: string): boolean;
}

/** Who answers a request: this node, the node at this origin, or nobody. */
type Way = { to: 'here' } | { to: 'peer'; origin: string } | { to: 'nobody'; problem: Problem };

const HERE: Way = { to: 'here' };

/** Where a node tells another that the directory is away from it. */
const DIRECTORY_PATH = '/__wingman/directory';

/** Passes what is for a session of another node to that node, once: what a node has passed on stays where it has come. */
export class Peers {
  readonly #options: PeerOptions;
  /** Both ends of upgrades that are being passed on. */
  readonly #passed = new Set<Socket>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #proxy = createProxyServer({ agent: this.#agent });
  readonly #upgrades = createProxyServer({ ws: true });
  /** Requests that are passed on, or wait for a session that is on its way. */
  readonly #open = new Set<ServerResponse>();
  #waiting = 0;
  #isLeaving = false;
  #settled: (() => void) | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#proxy.on('proxyReq', giveUpLate);
    this.#upgrades.on('proxyReqWs', giveUpLate);
    this.#upgrades.on('open', (socket: Socket) => this.#keep(socket));
    this.#proxy.on('error', (error, req, res) => this.#failed(error, req, res));
    this.#upgrades.on('error', (error, req, res) => this.#failed(error, req, res));
  }

  /** Passes a request on to its node, or hands it to `here`. This happens at once if the directory need not be asked. */
  web(req: IncomingMessage, res: ServerResponse, here: () => void): void {
    this.#open.add(res);
    res.once('close', () => this.#ended(res));
    this.#decide(req, (way) => {
      if (way.to === 'here') return here();
      if (way.to === 'nobody') return sendProblem(req, res, way.problem);
      this.#proxy.web(req, res, this.#target(way.origin, req));
    });
  }

  /** Passes an upgrade on to its node, or hands it to `here`. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, here: () => void): void {
    // Nobody else listens for errors of this socket until somebody takes it over.
    socket.on('error', () => socket.destroy());
    this.#decide(req, (way) => {
      if (way.to === 'here' || !(socket instanceof Socket)) return here();
      if (way.to === 'nobody') return refuseUpgrade(req, socket, way.problem);
      this.#keep(socket);
      this.#upgrades.ws(req, socket, head, this.#target(way.origin, req));
    });
  }

  /** Whether none of these nodes reaches the directory. One that doesn't answer may well reach it. */
  async isAwayFromAll(nodes: readonly string[]): Promise<boolean> {
    const answers = await Promise.all(nodes.map((node) => this.#isAwayFrom(node)));
    return answers.every(Boolean);
  }

  /** The sessions here are about to move: from now on they are looked for elsewhere. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Resolves when no request is open. */
  settled(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#settled = resolve));
  }

  /** Ends what is being passed on. */
  close(): void {
    for (const socket of this.#passed) socket.destroy();
    this.#agent.destroy();
  }

  #ended(res: ServerResponse): void {
    this.#open.delete(res);
    if (this.#open.size === 0) this.#settled?.();
  }

  #keep(socket: Socket): void {
    this.#passed.add(socket);
    socket.once('close', () => this.#passed.delete(socket));
  }

  #decide(req: IncomingMessage, go: (way: Way) => void): void {
    const { secret } = this.#options;
    const proof = req.headers[PEER_FIELD];
    if (proof !== undefined) {
      const isPeer = isPeerProof(secret, req, [proof].flat().join(), Date.now());
      removeField(req, PEER_FIELD);
      if (!isPeer) return go({ to: 'nobody', problem: BAD_TOKEN });
      const isAway = req.url === DIRECTORY_PATH && this.#options.directory.isAway;
      if (isAway) return go({ to: 'nobody', problem: DIRECTORY_AWAY });
      // The other node did not know yet that the session leaves this one.
      if (!this.#isLeaving) return go(HERE);
    }
    const name = this.#sessionOf(req);
    if (name === undefined || this.#isHere(name)) return go(HERE);
    void this.#wayTo(name).then(go);
  }

  #isHere(name: string): boolean {
    return !this.#isLeaving && this.#options.isHere(name);
  }

  async #wayTo(name: string): Promise<Way> {
    const { directory, node } = this.#options;
    try {
      let owner = await directory.ownerOf(name);
      if (owner === '') owner = await this.#awaitOwner(name);
      if (owner === '') return { to: 'nobody', problem: NODE_AWAY };
      const isHere = owner === undefined || owner === node || this.#isHere(name);
      return isHere ? HERE : { to: 'peer', origin: owner ?? '' };
    } catch {
      return { to: 'nobody', problem: DIRECTORY_AWAY };
    }
  }

  /** Who has a session when its host has arrived; empty when that takes too long, or too many wait. */
  async #awaitOwner(name: string): Promise<string | undefined> {
    const { arrivalMs, arrivalPollMs, waitingForArrival } = SERVER_LIMITS;
    if (this.#waiting >= waitingForArrival) return '';
    this.#waiting += 1;
    try {
      let owner: string | undefined = '';
      for (let waited = 0; owner === '' && waited < arrivalMs; waited += arrivalPollMs) {
        await setTimeout(arrivalPollMs);
        owner = await this.#options.directory.ownerOf(name);
      }
      return owner;
    } finally {
      this.#waiting -= 1;
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

  async #isAwayFrom(node: string): Promise<boolean> {
    const url = new URL(DIRECTORY_PATH, node);
    const asked = { method: 'GET', url: url.pathname, headers: { host: url.host } };
    const headers = { [PEER_FIELD]: provePeer(this.#options.secret, asked, Date.now()) };
    const signal = AbortSignal.timeout(SERVER_LIMITS.peerAnswerMs);
    try {
      const question = request(url, { agent: this.#agent, headers, signal });
      question.on('error', () => undefined).end();
      const [answer] = (await once(question, 'response')) as [IncomingMessage];
      answer.on('error', () => undefined).resume();
      return answer.headers['wingman-error'] === DIRECTORY_AWAY.code;
    } catch {
      return false;
    }
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
    // An answer that was cut short must not look complete.
    if (res.headersSent) res.destroy();
    else sendProblem(req, res, NODE_AWAY);
  }
}

/** Gives up a connection that takes too long. The system would wait for an unreachable node for minutes. */
function giveUpLate(request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const late = globalThis.setTimeout(() => request.destroy(), SERVER_LIMITS.peerConnectMs);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(late));
  });
}

/** Removes a header field, because apps see all fields of a request. */
function removeField(req: IncomingMessage, name: string): void {
  delete req.headers[name];
  const fields = req.rawHeaders;
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    if (fields[index]?.toLowerCase() === name) fields.splice(index, 2);
  }
}

/** The header field that shows a node that another node has passed a request on. */
export const PEER_FIELD = 'wingman-peer';

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Proves to another node that this request comes from a node with the same secret. The proof holds for SERVER_LIMITS.peerProofMs. */
export function provePeer(secret: string, req: Asked, now: number): string {
  return `${now}.${proofOf(secret, req, now)}`;
}

/** Whether `provePeer` made this field, for this request and within SERVER_LIMITS.peerProofMs. */
export function isPeerProof(secret: string, req: Asked, field: string, now: number): boolean {
  const [time = '', proof = ''] = field.split('.');
  const at = /^\d{1,15}$/.test(time) ? Number(time) : -Infinity;
  if (Math.abs(now - at) > SERVER_LIMITS.peerProofMs) return false;
  return isSameSecret(proofOf(secret, req, at), proof);
}

function proofOf(secret: string, { headers, method, url }: Asked, at: number): string {
  const said = [at, method, headers.host, url].join('\n');
  return createHmac('sha256', secret).update(`wingman-peer-v1\n${said}`).digest('base64url');
}
