import type { Carrier, Clock, Timer, WingmanError } from '@wingman/protocol';
import {
  CloseCode,
  decodeMessage,
  DialPreface,
  DialPurpose,
  isLinkId,
  LIMITS,
  respond,
  respondIngress,
  toWingmanError,
  type PrekeyRing,
} from '@wingman/protocol';
import { WebSocket } from 'ws';
import { HOST_LIMITS } from '../limits.js';
import { KeepAlive } from './keep-alive.js';
import { WebSocketCarrier } from './websocket-carrier.js';

/** Where to dial and as whom; known once the session is registered. */
export interface DialTarget {
  readonly server: URL;
  readonly session: string;
  readonly token: string;
}

export interface DialBackOptions {
  readonly linkKey: Uint8Array;
  readonly prekeys: PrekeyRing;
  readonly ingressAllowed: boolean;
  readonly clock: Clock;
  /** `viewer` is the id of the viewer's browser, undefined when it has none. */
  attachViewer(linkId: string, carrier: Carrier, viewer: string | undefined): void;
  attachIngress(linkId: string, carrier: Carrier): void;
  /** A dial or its handshake came to nothing. */
  failed(error: WingmanError): void;
}

/** Opens WebSockets to the tunnel server when it asks for them, to be spliced with a viewer's or to carry its ingress. */
export class DialBack {
  readonly #options: DialBackOptions;
  readonly #pending = new Set<WebSocket>();

  constructor(options: DialBackOptions) {
    this.#options = options;
  }

  /** Obeys a DialRequest; one above the cap, or for an ingress that isn't allowed, is ignored. */
  dial(purpose: DialPurpose, target: DialTarget): void {
    const name = this.#nameOf(purpose);
    if (name === undefined || this.#pending.size >= HOST_LIMITS.pendingDials) return;
    const socket = open(target, name);
    this.#pending.add(socket);
    socket.once('close', () => this.#pending.delete(socket));
    socket.once('error', (error) => this.#options.failed(toWingmanError(error, 'CARRIER_CLOSED')));
    socket.once('open', () => {
      // Once it carries a link, the link watches it: behind a slow viewer's data a pong comes late.
      const keepAlive = new KeepAlive(socket, this.#options.clock);
      this.#serve(name, socket)
        .catch((error: unknown) => this.#report(toWingmanError(error, 'HANDSHAKE_FAILED')))
        .finally(() => keepAlive.stop());
    });
  }

  /** Gives up what hasn't become part of a link. */
  close(): void {
    for (const socket of this.#pending) socket.terminate();
  }

  #nameOf(purpose: DialPurpose): 'relay' | 'ingress' | undefined {
    if (purpose === DialPurpose.RELAY) return 'relay';
    return purpose === DialPurpose.INGRESS && this.#options.ingressAllowed ? 'ingress' : undefined;
  }

  /** A connection kept ready that closes before anyone came has harmed nobody. */
  #report(error: WingmanError): void {
    if (error.code !== 'CARRIER_CLOSED') this.#options.failed(error);
  }

  async #serve(name: 'relay' | 'ingress', socket: WebSocket): Promise<void> {
    const { linkKey: key, prekeys, clock } = this.#options;
    if (name === 'ingress') {
      const proven = await respondIngress(new WebSocketCarrier(socket), { clock });
      this.#pending.delete(socket);
      return this.#options.attachIngress(proven.linkId, proven.carrier);
    }
    let viewer: string | undefined;
    let deadline: Timer | undefined;
    const carrier = new WebSocketCarrier(socket, (bytes) => {
      const { viewerId } = decodeMessage(DialPreface, bytes);
      if (isLinkId(viewerId)) viewer = viewerId;
      const silent = (): void => socket.close(CloseCode.DEAD_PEER, 'TIMEOUT');
      deadline = clock.setTimeout(silent, LIMITS.handshakeMs);
    });
    // No deadline before the preface: this connection is kept ready for a viewer who may come in an hour.
    const proof = respond(carrier, { key, kind: 'relay', prekeys, clock });
    const proven = await proof.finally(() => deadline?.cancel());
    this.#pending.delete(socket);
    this.#options.attachViewer(proven.linkId, proven.carrier, viewer);
  }
}

function open({ server, session, token }: DialTarget, purpose: string): WebSocket {
  const url = new URL('/__wingman/dial', server);
  url.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('session', session);
  url.searchParams.set('purpose', purpose);
  return new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: LIMITS.maxMessageBytes,
    handshakeTimeout: HOST_LIMITS.dialMs,
  });
}
