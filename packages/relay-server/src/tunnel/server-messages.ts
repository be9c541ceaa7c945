import {
  RejectReason,
  WingmanError,
  type ConnectionRequest,
  type ReceivedCase,
  type ServerToHost,
} from '@wingman/protocol';
import type { Commons } from '../exchange/local-app.js';
import type { HostKeys } from './admission.js';
import type { Dialer } from './dialer.js';
import type { HostOptions } from './host-types.js';
import type { Lease } from './lease.js';
import type { LinkTable } from './links.js';
import type { P2pHost } from './p2p-host.js';
import type { SignalingClient } from './signaling-client.js';

/** The parts of a host that the server's messages lead to. */
export interface MessageTargets {
  readonly options: Pick<HostOptions, 'identity' | 'p2pTimeoutMs' | 'sparesRelay'>;
  readonly keys: Pick<HostKeys, 'admission'>;
  readonly commons: Pick<Commons, 'candidates' | 'refusals'>;
  readonly lease: Pick<Lease, 'dialToken'>;
  readonly links: Pick<LinkTable, 'admits' | 'viewerBack' | 'viewerLeft'>;
  readonly dialer: Pick<Dialer, 'dial'>;
  readonly p2p: Pick<P2pHost, 'offer' | 'candidate'> | undefined;
  /** The server that has the session now. */
  readonly server: () => URL;
  /** Sends to the server. */
  readonly send: SignalingClient['send'];
  /** Tells the developer. */
  readonly problem: (error: WingmanError) => void;
}

/** Does what the tunnel server tells a host that is registered: viewers come and leave, offers, candidates, dial-backs. */
export class ServerMessages {
  constructor(private readonly to: MessageTargets) {}

  receive(message: ReceivedCase<ServerToHost>): void {
    const { keys, p2p, commons, links, dialer, lease, options } = this.to;
    switch (message?.$case) {
      case 'connectionRequest':
        return this.#answer(message.value);
      case 'offer':
        if (keys.admission.admitsOffer(message.value)) p2p?.offer(message.value);
        return;
      case 'iceCandidate':
        return p2p?.candidate(commons.candidates.received(message.value));
      case 'viewerLeft':
        return links.viewerLeft(message.value.linkId, message.value);
      case 'dialRequest': {
        const { session } = options.identity;
        const target = { server: this.to.server(), session, token: lease.dialToken };
        return dialer.dial(message.value.purpose, target);
      }
      case 'wrongKey':
        return this.#tellWrongKey(message.value.clientAddress);
      default:
        // A newer server may send messages that this version doesn't know and doesn't need.
        return;
    }
  }

  #answer(request: ConnectionRequest): void {
    const { keys, links, options, p2p } = this.to;
    const { linkId } = request;
    if (!keys.admission.admitsRequest(request)) return this.#reject(linkId, 'NOT_ADMITTED');
    links.viewerBack(linkId);
    if (!links.admits(linkId)) return this.#reject(linkId, 'TOO_MANY_VIEWERS');
    const { p2pTimeoutMs, sparesRelay: spareRelay = false } = options;
    const nonce = keys.admission.nonceFor(linkId);
    const value = { linkId, p2p: p2p !== undefined, p2pTimeoutMs, nonce, spareRelay };
    this.to.send({ $case: 'connectionAccept', value });
  }

  #reject(linkId: string, why: 'NOT_ADMITTED' | 'TOO_MANY_VIEWERS'): void {
    this.to.commons.refusals.add(why === 'NOT_ADMITTED' ? 'KEY_MISSING' : why);
    const reason = RejectReason[why];
    this.to.send({ $case: 'connectionReject', value: { linkId, reason } });
  }

  /** The server has turned somebody away, so that nobody but the developer can help them. */
  #tellWrongKey(address: string): void {
    const code = 'HANDSHAKE_FAILED';
    this.to.commons.refusals.add(code);
    const message = `somebody at ${address} has a link with another key: they need the present link, as a whole`;
    this.to.problem(new WingmanError(code, message));
  }
}
