import { DIAL_PATH, readDial } from '@wingman/node-kit';
import {
  BAD_TOKEN,
  DIRECTORY_AWAY,
  isSessionName,
  NODE_AWAY,
  type Problem,
} from '@wingman/protocol';
import { createProxyServer } from 'http-proxy-3';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { removeField } from '../web/fields.js';
import { pathOf, routeHost } from '../web/locate.js';
import { refuseUpgrade, sendProblem } from '../web/problems.js';
import { nameRequest, requestIdOf } from '../web/request-id.js';
import type { Directory } from './directory.js';
import { giveUpLate, isRepeatable, type Passing } from './passing-on.js';
import { isPeerProof, PEER_FIELD, provePeer } from './peer-proof.js';

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
  /** Another node is about to stop, by which connections of this session come. */
  goRound(name: string): void;
}

/** Who answers a request: this node, the node at this origin, or nobody. */
type Way = { to: 'here' } | { to: 'peer'; origin: string } | { to: 'nobody'; problem: Problem };

const HERE: Way = { to: 'here' };
const AWAY: Way = { to: 'nobody', problem: NODE_AWAY };

/** Where a node tells another that the directory is away from it. */
const DIRECTORY_PATH = '/__wingman/directory';
/** Where a node that is about to stop tells a session's owner that connections of the session come by it. What is answered does not matter. */
const LEAVING_PATH = '/__wingman/leaving';

/** An upgrade that is being passed on: the node and the session that it is for. */
interface Passed {
  readonly origin: string;
  readonly name: string;
}

/** Passes what is for a session of another node to that node, once: what a node has passed on stays where it has come. */
export class Peers {
  readonly #options: PeerOptions;
  /** Both ends of upgrades that are being passed on; what each is for is known of the end that has come. */
  readonly #passed = new Map<Socket, Passed | undefined>();
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
    this.#upgrades.on('open', (socket: Socket) => this.#keep(socket, undefined));
    this.#upgrades.on('error', (error, req, socket) => this.#refused(error, req, socket));
  }

  /** Passes a request on to its node, or hands it to `here`. This happens at once if the directory need not be asked. */
  web(req: IncomingMessage, res: ServerResponse, here: () => void): void {
    this.#open.add(res);
    res.once('close', () => this.#ended(res));
    const passing: Passing = { req, res, here, failedAt: undefined, origin: '', askedAt: 0 };
    this.#decide(req, (way) => this.#send(way, passing));
  }

  /** Passes an upgrade on to its node, or hands it to `here`. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, here: () => void): void {
    // Nobody else listens for errors of this socket until somebody takes it over.
    socket.on('error', () => socket.destroy());
    this.#decide(req, (way) => {
      if (way.to === 'here' || !(socket instanceof Socket)) return here();
      if (way.to === 'nobody') return refuseUpgrade(req, socket, way.problem);
      this.#keep(socket, { origin: way.origin, name: this.#sessionOf(req) ?? '' });
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
    const told = new Map([...this.#passed.values()].map((passed) => [passed?.name ?? '', passed]));
    for (const passed of told.values()) if (passed !== undefined) void this.#tellLeaving(passed);
  }

  /** Resolves when no request is open. */
  settled(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#settled = resolve));
  }

  /** Resolves when all upgrades have ended that are being passed on now. */
  async passedGone(): Promise<void> {
    const gone = [...this.#passed.keys()].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    await Promise.all(gone);
  }

  /** Ends what is being passed on. */
  close(): void {
    for (const socket of this.#passed.keys()) socket.destroy();
    this.#agent.destroy();
  }

  #ended(res: ServerResponse): void {
    this.#open.delete(res);
    if (this.#open.size === 0) this.#settled?.();
  }

  #keep(socket: Socket, passed: Passed | undefined): void {
    this.#passed.set(socket, passed);
    socket.once('close', () => this.#passed.delete(socket));
  }

  #decide(req: IncomingMessage, go: (way: Way) => void): void {
    // Before it is passed on, so that all nodes speak of it by the same id.
    nameRequest(req);
    const { secret } = this.#options;
    const proof = req.headers[PEER_FIELD];
    if (proof !== undefined) {
      const isPeer = isPeerProof(secret, req, [proof].flat().join(), Date.now());
      removeField(req, PEER_FIELD);
      if (!isPeer) return go({ to: 'nobody', problem: BAD_TOKEN });
      const isAway = req.url === DIRECTORY_PATH && this.#options.directory.isAway;
      if (isAway) return go({ to: 'nobody', problem: DIRECTORY_AWAY });
      if (req.url === LEAVING_PATH) this.#options.goRound(this.#sessionOf(req) ?? '');
      // The other node did not know yet that the session leaves this one.
      if (!this.#isLeaving) return go(HERE);
    }
    const name = this.#sessionOf(req);
    if (name === undefined || this.#isHere(name)) return go(HERE);
    void this.#wayTo(name, SERVER_LIMITS.arrivalMs).then(go);
  }

  #isHere(name: string): boolean {
    return !this.#isLeaving && this.#options.isHere(name);
  }

  /** For a session that is on its way it waits so many milliseconds. */
  async #wayTo(name: string, patienceMs: number): Promise<Way> {
    const { directory, node } = this.#options;
    try {
      let owner = await directory.ownerOf(name);
      if (owner === '') owner = await this.#awaitOwner(name, patienceMs);
      if (owner === '') return AWAY;
      const isHere = owner === undefined || owner === node || this.#isHere(name);
      return isHere ? HERE : { to: 'peer', origin: owner ?? '' };
    } catch {
      return { to: 'nobody', problem: DIRECTORY_AWAY };
    }
  }

  /** Who has a session when its host has arrived; empty when that takes too long, or too many wait. */
  async #awaitOwner(name: string, patienceMs: number): Promise<string | undefined> {
    const { arrivalPollMs, waitingForArrival } = SERVER_LIMITS;
    if (this.#waiting >= waitingForArrival) return '';
    this.#waiting += 1;
    try {
      let owner: string | undefined = '';
      for (let waited = 0; owner === '' && waited < patienceMs; waited += arrivalPollMs) {
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
    const answer = await this.#askPeer(url, url.host).catch(() => undefined);
    return answer?.headers['wingman-error'] === DIRECTORY_AWAY.code;
  }

  /** If that node can't be told, its sessions' connections end with this one, and come back. */
  async #tellLeaving({ origin, name }: Passed): Promise<void> {
    const host = `${name}.${this.#options.domain}`;
    await this.#askPeer(new URL(LEAVING_PATH, origin), host).catch(() => undefined);
  }

  async #askPeer(url: URL, host: string): Promise<IncomingMessage> {
    const asked = { method: 'GET', url: url.pathname, headers: { host } };
    const headers = { host, [PEER_FIELD]: provePeer(this.#options.secret, asked, Date.now()) };
    const signal = AbortSignal.timeout(SERVER_LIMITS.peerAnswerMs);
    const question = request(url, { agent: this.#agent, headers, signal });
    question.on('error', () => undefined).end();
    const [answer] = (await once(question, 'response')) as [IncomingMessage];
    return answer.on('error', () => undefined).resume();
  }

  #target(
    target: string,
    req: IncomingMessage,
  ): { target: string; headers: Record<string, string> } {
    return { target, headers: { [PEER_FIELD]: provePeer(this.#options.secret, req, Date.now()) } };
  }

  #send(way: Way, passing: Passing): void {
    const { req, res, here } = passing;
    if (way.to === 'here') return here();
    if (way.to === 'nobody') return sendProblem(req, res, way.problem);
    passing.origin = way.origin;
    passing.askedAt = performance.now();
    const failed = (error: Error): void => void this.#failed(error, passing);
    this.#proxy.web(req, res, this.#target(way.origin, req), failed);
  }

  /** A node has died, or is cut off: its hosts are elsewhere soon, and what can be sent again waits for that. */
  async #failed(error: Error, passing: Passing): Promise<void> {
    const { req, res } = passing;
    if (passing.failedAt === undefined) this.#warn(error, req);
    passing.failedAt ??= performance.now();
    // An answer that was cut short must not look complete.
    if (res.headersSent) return void res.destroy();
    const name = isRepeatable(error, req) ? this.#sessionOf(req) : undefined;
    const way = name === undefined ? AWAY : await this.#wayPast(name, passing, passing.failedAt);
    if (!res.destroyed) this.#send(way, passing);
  }

  /** The way to a session whose node has just not answered: another node, or that one again after a while. */
  async #wayPast(name: string, passing: Passing, failedAt: number): Promise<Way> {
    const { arrivalMs, arrivalPollMs, peerAgainMs, waitingForArrival } = SERVER_LIMITS;
    // Every try leaves listeners on the request, so the same node is not asked at each look.
    const isTooSoon = (way: Way): boolean =>
      way.to === 'peer' &&
      way.origin === passing.origin &&
      performance.now() - passing.askedAt < peerAgainMs;
    if (this.#waiting >= waitingForArrival) return AWAY;
    this.#waiting += 1;
    try {
      while (!passing.res.destroyed && performance.now() - failedAt < arrivalMs) {
        await setTimeout(arrivalPollMs);
        // The session may be on its way, which is waited for within the same time.
        const way = await this.#wayTo(name, arrivalMs - (performance.now() - failedAt));
        // The lease of the dead node may be over before the host has come to another one.
        const isNowhere = way.to === 'here' && !this.#isHere(name);
        if (!isNowhere && !isTooSoon(way)) return way;
      }
      return AWAY;
    } finally {
      this.#waiting -= 1;
    }
  }

  #refused(error: Error, req: IncomingMessage, socket: ServerResponse | Socket): void {
    this.#warn(error, req);
    if (socket instanceof Socket) refuseUpgrade(req, socket, NODE_AWAY);
  }

  #warn({ message: reason }: Error, req: IncomingMessage): void {
    const requestId = requestIdOf(req);
    this.#options.logger.warn({ requestId, reason }, 'another node does not answer');
  }
}
