import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LIMITS, systemClock, within, type ChannelWay, type Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { ChannelCarrier } from './channel-carrier.js';
import {
  CHANNEL_LABEL,
  type Candidate,
  type IceServerAddress,
  type PeerHandlers,
} from './engine.js';
import { PendingCandidates } from './negotiation.js';
import { PeerEnd } from './peer-end.js';
import type { WrtcChannel, WrtcConnection, WrtcLibrary } from './wrtc-types.js';

/** Fails when the binary doesn't load. */
export async function loadLibrary(): Promise<WrtcLibrary> {
  const name: string = '@roamhq/wrtc';
  const { default: library } = (await import(name)) as { default: WrtcLibrary };
  return library;
}

/** What is told beside what every engine's peers tell. */
export interface WrtcPeerHandlers extends PeerHandlers {
  /** Whether ICE has a pair of addresses; told when it may have changed. */
  connected(isConnected: boolean): void;
}

/**
 * A peer of libwebrtc's, in the process that has the library: what `Peer` says, but for what the host knows
 * without asking, and with the library's own errors.
 */
export class WrtcPeer extends PeerEnd<WrtcPeerHandlers> {
  readonly #connection: WrtcConnection;
  readonly #candidates: PendingCandidates;
  #channel: WrtcChannel | undefined;
  #poll: Timer | undefined;

  constructor(
    library: WrtcLibrary,
    iceServers: readonly IceServerAddress[],
    handlers: WrtcPeerHandlers,
  ) {
    super(handlers);
    this.#connection = new library.RTCPeerConnection({
      iceServers: iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
    });
    this.#candidates = new PendingCandidates((candidate) => this.#addNow(candidate));
    this.#listen();
  }

  async createOffer(): Promise<string> {
    this.#take(this.#connection.createDataChannel(CHANNEL_LABEL));
    const offer = await this.#connection.createOffer();
    await this.#connection.setLocalDescription(offer);
    return offer.sdp;
  }

  async acceptOffer(sdp: string): Promise<string> {
    await this.#setRemote('offer', sdp);
    const answer = await this.#connection.createAnswer();
    await this.#connection.setLocalDescription(answer);
    return answer.sdp;
  }

  acceptAnswer(sdp: string): Promise<void> {
    return this.#setRemote('answer', sdp);
  }

  addCandidate(candidate: Candidate): void {
    if (!this.isClosed) this.#candidates.push(candidate);
  }

  async way(): Promise<ChannelWay> {
    if (this.isClosed) return 'p2p';
    const asked = this.#connection.getStats().catch(() => undefined);
    const entries = await within(asked, HOST_LIMITS.wayAnswerMs);
    const all = [...(entries?.values() ?? [])];
    const { selectedCandidatePairId = '' } = all.find(({ type }) => type === 'transport') ?? {};
    const { localCandidateId = '', remoteCandidateId = '' } =
      entries?.get(selectedCandidatePairId) ?? {};
    const ends = [localCandidateId, remoteCandidateId].map((id) => entries?.get(id));
    return ends.some((end) => end?.candidateType === 'relay') ? 'turn' : 'p2p';
  }

  protected shut(): void {
    this.#poll?.cancel();
    this.#channel?.close();
    const end = (): void => {
      this.#connection.close();
      peerClosed();
    };
    if (this.#channel === undefined) end();
    else systemClock.setTimeout(end, HOST_LIMITS.peerLingerMs);
  }

  #listen(): void {
    const connection = this.#connection;
    connection.onicecandidate = ({ candidate }) => {
      if (candidate === null || this.isClosed) return;
      this.handlers.candidate({ candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
    };
    connection.oniceconnectionstatechange = () => {
      const state = connection.iceConnectionState;
      this.handlers.connected(state === 'connected' || state === 'completed');
    };
    connection.ondatachannel = ({ channel }) => this.#take(channel);
    connection.onconnectionstatechange = () => {
      const state = connection.connectionState;
      if (state === 'failed' || state === 'closed') this.end(`peer connection ${state}`);
    };
  }

  async #setRemote(type: 'offer' | 'answer', sdp: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type, sdp });
    this.#candidates.release();
  }

  #addNow({ candidate, mid }: Candidate): void {
    if (this.isClosed) return;
    // One candidate that can't be parsed is one way less to connect, no more.
    this.#connection.addIceCandidate({ candidate, sdpMid: mid }).catch(() => undefined);
  }

  #take(channel: WrtcChannel): void {
    if (this.carrier !== undefined || this.isClosed) return channel.close();
    channel.binaryType = 'arraybuffer';
    const carrier = this.#wrap(channel);
    this.#channel = channel;
    this.carrier = carrier;
    channel.onmessage = ({ data }) => {
      carrier.deliver(typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data));
    };
    channel.onclose = () => this.end('data channel closed');
    if (channel.readyState === 'open') queueMicrotask(() => this.handlers.channel(carrier));
    else channel.onopen = () => this.handlers.channel(carrier);
  }

  #wrap(channel: WrtcChannel): ChannelCarrier {
    // On a busy machine this engine's `bufferedAmount` stays at 0 for a whole turn of megabytes.
    const turn = new TurnCount();
    const carrier: ChannelCarrier = new ChannelCarrier(
      {
        queuedBytes: () => Math.max(channel.bufferedAmount, turn.bytes),
        send: (message) => {
          turn.add(message.byteLength);
          channel.send(message);
        },
        close: () => this.closedHere(),
      },
      () => this.#pollDrain(channel, carrier),
    );
    return carrier;
  }

  /** This engine has no `bufferedamountlow` event: it is asked until the queue is short. */
  #pollDrain(channel: WrtcChannel, carrier: ChannelCarrier): void {
    if (this.#poll !== undefined || this.isClosed) return;
    this.#poll = systemClock.setTimeout(() => {
      this.#poll = undefined;
      if (channel.bufferedAmount <= LIMITS.carrierLowWaterBytes) carrier.lowWater();
      else this.#pollDrain(channel, carrier);
    }, HOST_LIMITS.drainPollMs);
  }
}

/** Counts what was sent in this turn of the event loop: a figure that an engine's own queue length may lag behind. */
class TurnCount {
  #bytes = 0;
  #isScheduled = false;

  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#bytes = 0;
      this.#isScheduled = false;
    });
  }
}

/** Collect after this many closed peers: each holds about four threads until its wrapper is collected. */
const CLOSED_PEERS = 4;
/** The engine lets go in two steps (channel, then factory), each found by a collection of its own. */
const COLLECTIONS = 2;
const BETWEEN_MS = 250;

let closed = 0;
let collect: (() => void) | undefined;

/**
 * Counts a closed @roamhq/wrtc peer, and now and then runs the garbage collector: that engine frees
 * threads and descriptors in finalizers only (measured: 60 peers, 247 threads; collected, 7).
 */
function peerClosed(): void {
  if (++closed < CLOSED_PEERS) return;
  closed = 0;
  collectLater(COLLECTIONS);
}

function collectLater(times: number): void {
  if (times === 0) return;
  systemClock.setTimeout(() => {
    collect ??= exposedCollector();
    collect();
    collectLater(times - 1);
  }, BETWEEN_MS);
}

function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
