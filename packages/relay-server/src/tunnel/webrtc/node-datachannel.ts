import { parseIceUrl } from '@wingman/node-kit';
import {
  LIMITS,
  systemClock,
  WingmanError,
  type Binding,
  type ChannelWay,
} from '@wingman/protocol';
import type {
  DataChannel,
  DescriptionType,
  IceServer as LibdatachannelServer,
  PeerConnection,
} from 'node-datachannel';
import type * as Library from 'node-datachannel';
import { HOST_LIMITS } from '../../limits.js';
import { ChannelCarrier } from './channel-carrier.js';
import {
  CHANNEL_LABEL,
  type Candidate,
  type IceServerAddress,
  type Peer,
  type PeerEngine,
  type PeerHandlers,
} from './engine.js';
import { bindingOf, PendingCandidates, withLikelyStun } from './negotiation.js';
import { PeerEnd } from './peer-end.js';
import { RouteCandidate } from './route-candidate.js';

/** libdatachannel through node-datachannel: the engine that costs less (docs/decisions/0002-webrtc-engine.md). Fails when its binary doesn't load. */
export async function loadNodeDatachannel(): Promise<PeerEngine> {
  const library = await import('node-datachannel');
  let count = 0;
  return {
    name: 'node-datachannel',
    createPeer: (iceServers, handlers) =>
      new NodeDatachannelPeer(library, `wingman-${++count}`, iceServers, handlers),
  };
}

class NodeDatachannelPeer extends PeerEnd implements Peer {
  readonly #connection: PeerConnection;
  readonly #candidates: PendingCandidates;
  /** This end's, which fails as the offerer when the other's checks come before its description. */
  readonly #own: PendingCandidates;
  #described: ((sdp: string) => void) | undefined;
  #channel: DataChannel | undefined;
  #offered = false;

  constructor(
    library: typeof Library,
    name: string,
    iceServers: readonly IceServerAddress[],
    handlers: PeerHandlers,
  ) {
    super(handlers);
    this.#connection = new library.PeerConnection(name, {
      iceServers: toLibdatachannel(withLikelyStun(iceServers)),
      maxMessageSize: LIMITS.maxMessageBytes,
    });
    this.#candidates = new PendingCandidates(({ candidate, mid }) => this.#addNow(candidate, mid));
    this.#own = new PendingCandidates((candidate) => {
      if (!this.isClosed) handlers.candidate(candidate);
    });
    this.#listen();
  }

  createOffer(): Promise<string> {
    this.#offered = true;
    return this.#describe(() => {
      this.#take(this.#connection.createDataChannel(CHANNEL_LABEL));
    });
  }

  async acceptOffer(sdp: string): Promise<string> {
    this.#own.release();
    const answer = await this.#describe(() => this.#setRemote(sdp, 'offer'));
    this.#candidates.release();
    return answer;
  }

  acceptAnswer(sdp: string): Promise<void> {
    return Promise.resolve().then(() => {
      this.#setRemote(sdp, 'answer');
      this.#candidates.release();
      this.#own.release();
    });
  }

  addCandidate(candidate: Candidate): void {
    if (!this.isClosed) this.#candidates.push(candidate);
  }

  binding(): Binding {
    const { local, remote } = this.#descriptions();
    return this.#offered ? bindingOf(local, remote) : bindingOf(remote, local);
  }

  isConnected(): boolean {
    return !this.isClosed && this.#connection.getSelectedCandidatePair() !== null;
  }

  way(): Promise<ChannelWay> {
    const pair = this.isClosed ? null : this.#connection.getSelectedCandidatePair();
    const isTurn = pair?.local.type === 'relay' || pair?.remote.type === 'relay';
    return Promise.resolve(isTurn ? 'turn' : 'p2p');
  }

  protected shut(): void {
    const connection = this.#connection;
    if (this.#channel === undefined) return connection.close();
    // The other engine doesn't notice a connection that goes without closing its channel.
    this.#channel.close();
    systemClock.setTimeout(() => connection.close(), HOST_LIMITS.peerLingerMs);
  }

  #listen(): void {
    const connection = this.#connection;
    connection.onLocalDescription((sdp) => this.#described?.(sdp));
    const candidates = new RouteCandidate((candidate) => this.#own.push(candidate));
    connection.onLocalCandidate((line, mid) => {
      candidates.take({ candidate: line.replace(/^a=/, ''), mid });
    });
    connection.onDataChannel((channel) => this.#take(channel));
    connection.onStateChange((state) => {
      if (state === 'failed' || state === 'closed') this.end(`peer connection ${state}`);
    });
  }

  /** Runs what makes the library describe itself, and waits for that description. */
  #describe(start: () => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = systemClock.setTimeout(
        () => reject(new WingmanError('HANDSHAKE_FAILED', 'the engine gave no description')),
        LIMITS.handshakeMs,
      );
      this.#described = (sdp) => {
        timer.cancel();
        resolve(sdp);
      };
      try {
        start();
      } catch (error) {
        timer.cancel();
        reject(new WingmanError('HANDSHAKE_FAILED', 'the offer was refused', { cause: error }));
      }
    });
  }

  #setRemote(sdp: string, type: DescriptionType): void {
    try {
      this.#connection.setRemoteDescription(sdp, type);
    } catch (error) {
      throw new WingmanError('HANDSHAKE_FAILED', `the ${type} was refused`, { cause: error });
    }
  }

  #addNow(candidate: string, mid: string): void {
    try {
      if (!this.isClosed) this.#connection.addRemoteCandidate(candidate, mid);
    } catch {
      // A candidate that can't be parsed only costs one way to connect.
    }
  }

  #descriptions(): { local: string | undefined; remote: string | undefined } {
    if (this.isClosed) return { local: undefined, remote: undefined };
    const connection = this.#connection;
    return {
      local: connection.localDescription()?.sdp,
      remote: connection.remoteDescription()?.sdp,
    };
  }

  #take(channel: DataChannel): void {
    if (this.carrier !== undefined || this.isClosed) return channel.close();
    const carrier = this.#wrap(channel);
    this.#channel = channel;
    this.carrier = carrier;
    channel.setBufferedAmountLowThreshold(LIMITS.carrierLowWaterBytes);
    channel.onBufferedAmountLow(() => carrier.lowWater());
    channel.onMessage((message) => carrier.deliver(bytesOf(message)));
    channel.onClosed(() => this.end('data channel closed'));
    channel.onError((error) => this.end(`data channel error: ${error}`));
    let isTold = false;
    const open = (): void => {
      if (isTold) return;
      isTold = true;
      this.handlers.channel(carrier);
    };
    // The channel opens on a thread of the library's, perhaps between two of these lines.
    channel.onOpen(open);
    if (channel.isOpen()) queueMicrotask(open);
  }

  #wrap(channel: DataChannel): ChannelCarrier {
    return new ChannelCarrier({
      queuedBytes: () => (channel.isOpen() ? channel.bufferedAmount() : 0),
      send: (message) => void channel.sendMessageBinary(message),
      close: () => this.closedHere(),
    });
  }
}

function bytesOf(message: string | Buffer | ArrayBuffer): Uint8Array {
  if (typeof message === 'string') return Buffer.from(message);
  if (Buffer.isBuffer(message)) {
    return new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
  }
  return new Uint8Array(message);
}

const RELAY_TYPES = {
  'turn:udp': 'TurnUdp',
  'turn:tcp': 'TurnTcp',
  'turns:udp': 'TurnTls',
  'turns:tcp': 'TurnTls',
} as const;

/** ICE servers in node-datachannel's words; addresses it can't use are left out (RFC 7064, RFC 7065). */
function toLibdatachannel(servers: readonly IceServerAddress[]): LibdatachannelServer[] {
  return servers.flatMap((server) =>
    server.urls.flatMap((url) => {
      const one = toOne(url, server);
      return one === undefined ? [] : [one];
    }),
  );
}

function toOne(url: string, server: IceServerAddress): LibdatachannelServer | undefined {
  const address = parseIceUrl(url);
  if (address === undefined || address.scheme === 'stuns') return undefined;
  const { scheme, port, transport } = address;
  // The library resolves what it is given: an IPv6 address with the brackets of a URL would be a name that nobody has.
  const hostname = address.hostname.replace(/^\[|\]$/g, '');
  if (scheme === 'stun') return { hostname, port };
  return {
    hostname,
    port,
    username: server.username,
    password: server.credential,
    relayType: RELAY_TYPES[`${scheme}:${transport}`],
  };
}
