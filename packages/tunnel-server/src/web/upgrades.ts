import {
  DIAL_PATH,
  bearerTokenOf,
  HOST_PATH,
  readDial,
  type DialPurposeName,
} from '@wingman/node-kit';
import {
  ADDRESS_DENIED,
  BAD_REQUEST,
  BAD_TOKEN,
  CloseCode,
  encodeEnvelope,
  FOREIGN_ORIGIN,
  isLinkId,
  NOT_FOUND,
  OVERLOADED,
  ServerToViewer,
  SHUTTING_DOWN,
  TOO_MANY_HOSTS,
  WRONG_KEY,
  type Door,
  type Problem,
  type SentCase,
  RELAY_TARGET,
} from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Budgets } from '../budgets/budgets.js';
import type { SocketPlaces } from '../budgets/socket-places.js';
import type { Upgrade } from '../ingress/ingress-websocket.js';
import { refusalOf } from '../ingress/ingress.js';
import type { DenyList } from '../operator/deny-list.js';
import type { RelayClient } from '../relay/relay-connection.js';
import { isSameSecret } from '../sessions/registration.js';
import type { LiveSession, Ticket } from '../sessions/live-session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { clientAddress, isForwarded, viewerIdOf, type SchemeOf } from './client-identity.js';
import { isOwnOrigin, isReserved, pathOf, type Nowhere, type Place } from './locate.js';
import { oneReading } from './one-reading.js';
import { refuseUpgrade } from './problems.js';
import { requestIdOf } from './request-id.js';
import type { UnknownNames } from './unknown-names.js';
import type { OwnKind } from './websocket-servers.js';

const SIGNAL_PATH = '/__wingman/signal';

/** What becomes of an upgrade that is let in. */
export interface UpgradeHandlers {
  /** In how many milliseconds a host is to come again; undefined: it is taken now. */
  hostWait(address: string): number | undefined;
  host(webSocket: WebSocket, address: string, requestId: string | undefined): void;
  dial(live: LiveSession, purpose: DialPurposeName, webSocket: WebSocket): void;
  signal(live: LiveSession, address: string, webSocket: WebSocket): void;
  relay(live: LiveSession, client: RelayClient, webSocket: WebSocket): void;
  ingress(live: LiveSession, upgrade: Upgrade): void;
}

export interface UpgradeOptions {
  locate: (hostHeader: string | undefined) => Place;
  registry: SessionRegistry;
  scheme: SchemeOf;
  trustProxy: boolean;
  logger: Pick<Logger, 'warn'>;
  sockets: Pick<SocketPlaces, 'isSurplus'>;
  budgets: Pick<Budgets, 'refuses'>;
  denyList: Pick<DenyList, 'deniesAddress'>;
  unknownNames: Pick<UnknownNames, 'meet'>;
  /** Finishes the upgrade of one of our own WebSockets. */
  accept(upgrade: Upgrade, kind: OwnKind, use: (webSocket: WebSocket) => void): void;
  handlers: UpgradeHandlers;
}

/** Decides which WebSocket upgrades are let in, by Host, path, Origin and token, and for what. */
export class UpgradeRouter {
  readonly #options: UpgradeOptions;
  #isClosing = false;
  #hasWarned = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
  }

  /** Refuses everything from now on. */
  close(): void {
    this.#isClosing = true;
  }

  /** For the HTTP server's `upgrade` event. */
  handle(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Nobody else listens for errors of this socket until it is taken over.
    socket.on('error', () => socket.destroy());
    if (!(socket instanceof Socket)) return void socket.destroy();
    const upgrade = { req, socket, head };
    const problem = this.#isClosing ? SHUTTING_DOWN : (oneReading(req) ?? this.#admit(upgrade));
    if (problem !== undefined) refuseUpgrade(req, socket, problem);
  }

  /** A dial-back was asked for by this server, for somebody who has a place: without the dial-back that one would wait in vain. */
  #admit(upgrade: Upgrade): Problem | undefined {
    const isDialBack = pathOf(upgrade.req.url) === DIAL_PATH;
    const isSurplus = !isDialBack && this.#options.sockets.isSurplus(upgrade.socket);
    return isSurplus ? OVERLOADED : this.#route(upgrade);
  }

  #route(upgrade: Upgrade): Problem | undefined {
    const { host, upgrade: protocol } = upgrade.req.headers;
    if (protocol?.toLowerCase() !== 'websocket') return BAD_REQUEST;
    const place = this.#options.locate(host);
    const path = pathOf(upgrade.req.url);
    if (place.at === 'server' || (place.at === 'nowhere' && place.isForeign)) {
      return this.#hostSide(upgrade, path);
    }
    const address = clientAddress(upgrade.req, this.#options.trustProxy);
    if (this.#options.denyList.deniesAddress(address)) return ADDRESS_DENIED;
    if (place.at === 'nowhere') return void this.#meetNowhere(upgrade, path, place);
    if (isReserved(path)) return this.#viewerSide(upgrade, path, place);
    const problem = this.#options.budgets.refuses() ? OVERLOADED : refusalOf(place.live);
    if (problem === undefined) this.#options.handlers.ingress(place.live, upgrade);
    return problem;
  }

  async #meetNowhere(upgrade: Upgrade, path: string, place: Nowhere): Promise<void> {
    const { req, socket } = upgrade;
    const met = await this.#options.unknownNames.meet(req, place.problem);
    const isKnown = met === place.problem;
    const problem = isKnown && isReserved(path) ? this.#viewerSide(upgrade, path, place) : met;
    if (problem !== undefined) refuseUpgrade(req, socket, problem);
  }

  /** Hosts are programs: they send no Origin, and nothing that a web page can send is a host's. */
  #hostSide(upgrade: Upgrade, path: string): Problem | undefined {
    if (upgrade.req.headers.origin !== undefined) return FOREIGN_ORIGIN;
    if (path === HOST_PATH) return void this.#host(upgrade);
    if (path === DIAL_PATH) return this.#dial(upgrade);
    return NOT_FOUND;
  }

  #host(upgrade: Upgrade): void {
    if (!this.#options.trustProxy && isForwarded(upgrade.req)) this.#warnOfProxy(upgrade.req);
    const { handlers } = this.#options;
    const address = clientAddress(upgrade.req, this.#options.trustProxy);
    const wait = handlers.hostWait(address);
    if (wait !== undefined) return comeAgain(upgrade, wait);
    const requestId = requestIdOf(upgrade.req);
    this.#options.accept(upgrade, 'host', (webSocket) =>
      handlers.host(webSocket, address, requestId),
    );
  }

  /** Warns once, because a client may have made up the field. */
  #warnOfProxy(req: IncomingMessage): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.logger.warn(
      { requestId: requestIdOf(req) },
      'a host came with X-Forwarded-For or Forwarded, which is not believed: behind a proxy of yours all hosts share the limits of one address, unless TRUST_PROXY is set',
    );
  }

  #dial(upgrade: Upgrade): Problem | undefined {
    const dial = readDial(queryOf(upgrade.req));
    if (dial === undefined) return BAD_REQUEST;
    const lookup = this.#options.registry.lookup(dial.session);
    const live = lookup.found === 'session' ? lookup.session : undefined;
    const token = bearerTokenOf(upgrade.req.headers.authorization);
    // The same answer for a session that isn't and for a wrong token: names can't be probed here.
    if (live === undefined || !isSameSecret(live.session.host?.dialToken, token)) return BAD_TOKEN;
    this.#options.accept(upgrade, 'relay', (webSocket) =>
      this.#options.handlers.dial(live, dial.purpose, webSocket),
    );
    return undefined;
  }

  #viewerSide(
    upgrade: Upgrade,
    path: string,
    place: Exclude<Place, { at: 'server' }>,
  ): Problem | undefined {
    if (path !== SIGNAL_PATH && path !== RELAY_TARGET) return NOT_FOUND;
    const { host, origin } = upgrade.req.headers;
    if (origin !== undefined && !isOwnOrigin(origin, host, this.#options.scheme(upgrade.req))) {
      return FOREIGN_ORIGIN;
    }
    if (place.at === 'nowhere') return this.#sayGone(upgrade, place.problem);
    return this.#viewer(upgrade, place.live, path === SIGNAL_PATH ? 'signal' : 'relay');
  }

  /** Before the pass is checked nobody is counted, no host is called and nothing of the session is told. */
  #viewer(upgrade: Upgrade, live: LiveSession, door: Door): Problem | undefined {
    const { handlers } = this.#options;
    const ticket = ticketOf(door, queryOf(upgrade.req));
    if (ticket === undefined) return BAD_REQUEST;
    const { req } = upgrade;
    const address = clientAddress(req, this.#options.trustProxy);
    if (!live.admits(door, ticket, address)) return this.#turnAway(upgrade);
    if (door === 'signal') {
      this.#options.accept(upgrade, 'viewer', (webSocket) =>
        handlers.signal(live, address, webSocket),
      );
      return undefined;
    }
    if (this.#options.budgets.refuses()) return OVERLOADED;
    const who = { linkId: ticket.id, viewerId: viewerIdOf(req), address };
    const client = { ...who, requestId: requestIdOf(req) };
    this.#options.accept(upgrade, 'relay', (webSocket) => handlers.relay(live, client, webSocket));
    return undefined;
  }

  /** A page can't see the status of a refused upgrade: it is let in and told by message and close code. */
  #sayGone(upgrade: Upgrade, { code, title }: Problem): undefined {
    const isEnded = code === 'SESSION_ENDED';
    const presence = { online: false, sessionEnded: isEnded };
    this.#letGo(upgrade, isEnded ? CloseCode.SESSION_ENDED : CloseCode.SESSION_UNKNOWN, [
      { $case: 'hostPresence', value: presence },
      { $case: 'refusal', value: { code, message: title } },
    ]);
  }

  #turnAway(upgrade: Upgrade): undefined {
    const { code, title } = WRONG_KEY;
    this.#letGo(upgrade, CloseCode.HANDSHAKE_FAILED, [
      { $case: 'refusal', value: { code, message: title } },
    ]);
  }

  /**
   * Only signaling connections get the messages. A relay carries the host's bytes, and a viewer would take a message there
   * for a broken handshake.
   */
  #letGo(upgrade: Upgrade, closeCode: number, messages: SentCase<ServerToViewer>[]): void {
    const told = pathOf(upgrade.req.url) === SIGNAL_PATH ? messages : [];
    this.#options.accept(upgrade, 'viewer', (webSocket) => {
      webSocket.on('error', () => undefined);
      for (const message of told) webSocket.send(encodeEnvelope(ServerToViewer, message));
      webSocket.close(closeCode);
    });
  }
}

/** Before there is a WebSocket and a challenge, which cost most of a registration. Hosts add a part of a second themselves. */
function comeAgain({ req, socket }: Upgrade, waitMs: number): void {
  refuseUpgrade(req, socket, TOO_MANY_HOSTS, { 'retry-after': String(Math.floor(waitMs / 1000)) });
}

const ID_PARAMETER: Readonly<Record<Door, string>> = { signal: 'tab', relay: 'link' };

/** The ticket in a URL's query; undefined when its id is missing or malformed. */
export function ticketOf(door: Door, query: URLSearchParams): Ticket | undefined {
  const id = query.get(ID_PARAMETER[door]) ?? '';
  return isLinkId(id) ? { id, pass: query.get('pass') ?? '' } : undefined;
}

function queryOf(req: IncomingMessage): URLSearchParams {
  return new URLSearchParams((req.url ?? '').split('?').slice(1).join('?'));
}
