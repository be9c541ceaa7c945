import { once } from 'node:events';
import { bytesOf, isLoopbackHost } from '@wingman/node-kit';
import {
  CloseCode,
  createPass,
  decodeEnvelope,
  deferred,
  deriveGateKey,
  encodeEnvelope,
  LIMITS,
  RejectReason,
  ServerToViewer,
  toWingmanError,
  ViewerMessage,
  WingmanError,
  type Answer,
  type ConnectionAccept,
  type IceCandidate,
  type ReceivedCase,
  type SentCase,
} from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { proxyFor } from '../../config.js';
import { HOST_LIMITS } from '../../limits.js';
import { openServerSocket } from '../../tunnel/server-socket.js';
import type { SessionLink } from '../session-link.js';

/**
 * Dials a session as a reviewer's browser does, with a pass of the link key. Whoever gets the WebSocket listens in the same turn and
 * then waits for `opened`: the host's first message comes with the answer to the upgrade.
 */
export async function dialDoor(
  { origin, linkKey }: SessionLink,
  door: 'signal' | 'relay',
  linkId: string,
): Promise<WebSocket> {
  const pass = await createPass(await deriveGateKey(linkKey), door, linkId);
  const name = door === 'signal' ? 'tab' : 'link';
  const url = new URL(`/__wingman/${door}?${name}=${linkId}&pass=${pass}`, origin);
  const { host } = url;
  // Browsers take these names for this machine, and resolvers may not know them (RFC 6761 section 6.3).
  if (isLoopbackHost(url.hostname)) url.hostname = '127.0.0.1';
  const proxy = proxyFor(url);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = openServerSocket(url, proxy, {
    headers: { host, origin },
    ...{ perMessageDeflate: false, maxPayload: LIMITS.maxMessageBytes },
    handshakeTimeout: HOST_LIMITS.doctorMs,
  });
  // `close` follows, and tells what there is to know.
  socket.on('error', () => undefined);
  return socket;
}

/** Fails with REFUSED. */
export async function opened(socket: WebSocket): Promise<void> {
  await once(socket, 'open').catch((error: unknown) => {
    throw new WingmanError('REFUSED', String(error instanceof Error ? error.message : error));
  });
}

/** What a host says on the way to a direct path. */
interface PeerEvents {
  answer(answer: Answer): void;
  candidate(candidate: IceCandidate): void;
}

/** The signaling of one visit: asks the host to take a link, and passes on what it says. */
export class PeerSignaling {
  readonly #socket: WebSocket;
  readonly #accepted = deferred<ConnectionAccept>();
  #events: PeerEvents | undefined;
  /** What came before somebody listened; as many messages as an attempt has candidates. */
  #early: ReceivedCase<ServerToViewer>[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#accepted.promise.catch(() => undefined);
    socket.on('message', (data) => {
      try {
        this.#receive(decodeEnvelope(ServerToViewer, bytesOf(data)));
      } catch (error) {
        this.#fail(toWingmanError(error, 'PROTOCOL_ERROR').message);
      }
    });
    socket.once('close', (code, reason) =>
      this.#fail(reason.toString() || `the server has closed the connection (${code})`),
    );
  }

  /** The host takes the link; fails with REFUSED, and the reason in words. */
  get accepted(): Promise<ConnectionAccept> {
    return this.#accepted.promise;
  }

  send(message: SentCase<ViewerMessage>): void {
    this.#socket.send(encodeEnvelope(ViewerMessage, message));
  }

  /** Passes on what the host says from now on, and what it has said. */
  listen(events: PeerEvents): void {
    this.#events = events;
    for (const message of this.#early.splice(0)) this.#receive(message);
  }

  /** The place that the visit had is free at once. */
  close(): void {
    this.#socket.close(CloseCode.LEAVING, 'the visit is over');
  }

  #receive(message: ReceivedCase<ServerToViewer>): void {
    switch (message?.$case) {
      case 'hostPresence':
        if (message.value.sessionEnded) this.#fail('the session has ended');
        else if (!message.value.online) this.#fail('the developer’s machine is away');
        return;
      case 'connectionAccept':
        return this.#accepted.resolve(message.value);
      case 'connectionReject':
        return this.#fail(REJECTIONS[message.value.reason] ?? 'the host has refused');
      case 'refusal':
        return this.#fail(message.value.message);
      case 'answer':
      case 'iceCandidate':
        return this.#pass(message);
      default:
        return;
    }
  }

  #pass(
    message: Extract<ReceivedCase<ServerToViewer>, { $case: 'answer' | 'iceCandidate' }>,
  ): void {
    if (this.#events === undefined) {
      if (this.#early.length < HOST_LIMITS.candidatesPerAttempt) this.#early.push(message);
    } else if (message.$case === 'answer') this.#events.answer(message.value);
    else this.#events.candidate(message.value);
  }

  #fail(why: string): void {
    this.#accepted.reject(new WingmanError('REFUSED', why));
  }
}

const REJECTIONS: Readonly<Partial<Record<RejectReason, string>>> = {
  [RejectReason.TOO_MANY_VIEWERS]: 'the session has as many viewers as it may have',
  [RejectReason.HOST_OFFLINE]: 'the developer’s machine is away',
  [RejectReason.NOT_ADMITTED]: 'the key behind the # is not the session’s',
};
