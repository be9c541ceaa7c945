import {
  deferred,
  LIMITS,
  WingmanError,
  within,
  type Binding,
  type ChannelWay,
  type Deferred,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { ChannelCarrier } from './channel-carrier.js';
import { EngineProcess } from './engine-process.js';
import type { Candidate, IceServerAddress, Peer, PeerEngine, PeerHandlers } from './engine.js';
import { bindingOf } from './negotiation.js';
import { PeerEnd } from './peer-end.js';
import type { PeerCall, PeerNews } from './wrtc-messages.js';

let running: EngineProcess | undefined;

/** The process that has the library now; one is started where there is none, or none any more. */
function engineProcess(): EngineProcess {
  running ??= new EngineProcess(() => (running = undefined));
  return running;
}

/** libwebrtc through @roamhq/wrtc, in a process of its own. Fails when its binary doesn't load. */
export async function loadWrtc(): Promise<PeerEngine> {
  await engineProcess().loaded();
  return {
    name: 'wrtc',
    createPeer: (iceServers, handlers) => new RemotePeer(engineProcess(), iceServers, handlers),
  };
}

/** A peer in the engine's process. */
class RemotePeer extends PeerEnd implements Peer {
  readonly #process: EngineProcess;
  readonly #number: number;
  readonly #calls = new Map<number, Deferred<string>>();
  #callCount = 0;
  #descriptions: { offer?: string; answer?: string } = {};
  /** Sent on the carrier, and not yet in the data channel. */
  #untakenBytes = 0;
  #isFull = false;
  #isConnected = false;

  constructor(
    process: EngineProcess,
    iceServers: readonly IceServerAddress[],
    handlers: PeerHandlers,
  ) {
    super(handlers);
    this.#process = process;
    this.#number = process.add((news) => this.#hear(news));
    process.post({ peer: this.#number, type: 'create', iceServers });
  }

  async createOffer(): Promise<string> {
    const offer = await this.#call('createOffer');
    this.#descriptions = { offer };
    return offer;
  }

  async acceptOffer(sdp: string): Promise<string> {
    const answer = await this.#call('acceptOffer', sdp);
    this.#descriptions = { offer: sdp, answer };
    return answer;
  }

  async acceptAnswer(sdp: string): Promise<void> {
    await this.#call('acceptAnswer', sdp);
    this.#descriptions = { ...this.#descriptions, answer: sdp };
  }

  addCandidate(candidate: Candidate): void {
    if (this.isClosed) return;
    this.#process.post({ peer: this.#number, type: 'candidate', candidate });
  }

  binding(): Binding {
    return bindingOf(this.#descriptions.offer, this.#descriptions.answer);
  }

  isConnected(): boolean {
    return !this.isClosed && this.#isConnected;
  }

  async way(): Promise<ChannelWay> {
    const way = await this.#call('way', '', 2 * HOST_LIMITS.wayAnswerMs).catch(() => 'p2p');
    return way === 'turn' ? 'turn' : 'p2p';
  }

  protected shut(): void {
    this.#process.post({ peer: this.#number, type: 'close' });
    this.#process.forget(this.#number);
    const error = new WingmanError('HANDSHAKE_FAILED', 'the peer has been closed');
    for (const call of this.#calls.values()) call.reject(error);
  }

  /** Fails with HANDSHAKE_FAILED. */
  async #call(
    method: PeerCall,
    sdp = '',
    deadlineMs: number = LIMITS.handshakeMs,
  ): Promise<string> {
    if (this.isClosed) throw new WingmanError('HANDSHAKE_FAILED', 'the peer is closed');
    const call = ++this.#callCount;
    const answer = deferred<string>();
    this.#calls.set(call, answer);
    this.#process.post({ peer: this.#number, type: 'call', call, method, sdp });
    try {
      const value = await within(answer.promise, deadlineMs);
      if (value === undefined) throw new WingmanError('HANDSHAKE_FAILED', 'the engine is silent');
      return value;
    } finally {
      this.#calls.delete(call);
    }
  }

  #hear(news: PeerNews): void {
    if (news.type === 'answered') return this.#calls.get(news.call)?.resolve(news.value);
    if (news.type === 'refused') return this.#refuse(news.call, news.reason);
    if (news.type === 'candidate') return this.handlers.candidate(news.candidate);
    if (news.type === 'data') return this.carrier?.deliver(news.data);
    if (news.type === 'taken') return this.#taken(news.bytes);
    if (news.type === 'closed') return this.end(news.reason);
    if (news.type === 'connected') this.#isConnected = news.isConnected;
    else this.#open();
  }

  #refuse(call: number, reason: string): void {
    this.#calls.get(call)?.reject(new WingmanError('HANDSHAKE_FAILED', reason));
  }

  #open(): void {
    this.carrier = new ChannelCarrier(
      {
        queuedBytes: () => this.#untakenBytes,
        send: (data) => {
          this.#untakenBytes += data.byteLength;
          this.#process.post({ peer: this.#number, type: 'data', data });
        },
        close: () => this.closedHere(),
      },
      () => (this.#isFull = true),
    );
    this.handlers.channel(this.carrier);
  }

  #taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (!this.#isFull || this.#untakenBytes > LIMITS.carrierLowWaterBytes) return;
    this.#isFull = false;
    this.carrier?.lowWater();
  }
}
