import {
  CloseCode,
  DialPurpose,
  LIMITS,
  respond,
  respondIngress,
  toWingmanError,
  type Carrier,
  type Clock,
  type PrekeyRing,
  type Timer,
  type WingmanError,
} from '@wingman/protocol';
import {
  dialHeaders,
  dialUrl,
  Heartbeat,
  readDialPreface,
  WsCarrier,
  type DialClient,
  type DialPurposeName,
} from '@wingman/node-kit';
import type { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';
import { openServerSocket, type ProxyFor } from './server-socket.js';

/** Where to dial and as whom; known once the session is registered. */
export interface DialTarget {
  readonly server: URL;
  readonly session: string;
  readonly token: string;
}

export interface DialerOptions {
  readonly linkKey: Uint8Array;
  readonly prekeys: PrekeyRing;
  readonly ingressAllowed: boolean;
  readonly clock: Clock;
  readonly proxyFor?: ProxyFor | undefined;
  attachViewer(linkId: string, carrier: Carrier, client: DialClient | undefined): void;
  attachIngress(linkId: string, carrier: Carrier): void;
  /** A dial or its handshake has failed. */
  failed(error: WingmanError): void;
}

/** Opens WebSockets to the tunnel server when it asks for them, to be spliced with a viewer's or to carry its ingress. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #pending = new Set<WebSocket>();

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Obeys a DialRequest; one above the cap, or for an ingress that isn't allowed, is ignored. */
  dial(purpose: DialPurpose, target: DialTarget): void {
    const name = this.#nameOf(purpose);
    if (name === undefined || this.#pending.size >= HOST_LIMITS.pendingDials) return;
    const socket = open(target, name, this.#options.proxyFor?.(target.server));
    this.#pending.add(socket);
    // Of the whole opening: an answer that comes byte by byte is never idle.
    const late = this.#options.clock.setTimeout(() => socket.terminate(), HOST_LIMITS.dialMs);
    socket.once('open', () => late.cancel());
    socket.once('close', () => {
      late.cancel();
      this.#pending.delete(socket);
    });
    socket.once('error', (error) => this.#options.failed(toWingmanError(error, 'CARRIER_CLOSED')));
    socket.once('upgrade', (response) => {
      const { clock } = this.#options;
      const rhythm = { everyMs: HOST_LIMITS.idlePingMs, allowedMisses: 0 };
      const heartbeat = new Heartbeat(socket, response.socket, { clock, ...rhythm });
      socket.once('open', () => {
        this.#serve(name, socket)
          .catch((error: unknown) => this.#report(toWingmanError(error, 'HANDSHAKE_FAILED')))
          // A link watches its own carrier, and a pong behind a slow viewer's data comes late.
          .finally(() => heartbeat.stop());
      });
    });
  }

  /** Gives up what hasn't become part of a link. */
  close(): void {
    for (const socket of this.#pending) socket.terminate();
  }

  #nameOf(purpose: DialPurpose): DialPurposeName | undefined {
    if (purpose === DialPurpose.RELAY) return 'relay';
    return purpose === DialPurpose.INGRESS && this.#options.ingressAllowed ? 'ingress' : undefined;
  }

  /** A ready connection that closes before a viewer has come harms nobody. */
  #report(error: WingmanError): void {
    if (error.code !== 'CARRIER_CLOSED') this.#options.failed(error);
  }

  async #serve(name: DialPurposeName, socket: WebSocket): Promise<void> {
    const { linkKey: key, prekeys, clock } = this.#options;
    if (name === 'ingress') {
      const proven = await respondIngress(new WsCarrier(socket), { clock });
      this.#pending.delete(socket);
      return this.#options.attachIngress(proven.linkId, proven.carrier);
    }
    let client: DialClient | undefined;
    let deadline: Timer | undefined;
    const preface = (bytes: Uint8Array): void => {
      client = readDialPreface(bytes);
      const silent = (): void => socket.close(CloseCode.DEAD_PEER, 'TIMEOUT');
      deadline = clock.setTimeout(silent, LIMITS.handshakeMs);
    };
    const carrier = new WsCarrier(socket, { preface });
    // No deadline before the preface: this connection is kept ready for a viewer who may come in an hour.
    const proof = respond(carrier, { key, kind: 'relay', prekeys, clock });
    const proven = await proof.finally(() => deadline?.cancel());
    this.#pending.delete(socket);
    this.#options.attachViewer(proven.linkId, proven.carrier, client);
  }
}

function open(
  { server, session, token }: DialTarget,
  purpose: DialPurposeName,
  proxy: string | undefined,
): WebSocket {
  return openServerSocket(dialUrl(server, { session, purpose }), proxy, {
    headers: dialHeaders(token),
    perMessageDeflate: false,
    maxPayload: LIMITS.maxMessageBytes,
  });
}
