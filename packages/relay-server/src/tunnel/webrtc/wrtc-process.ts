// The process of its own that @roamhq/wrtc lives in: makes peers, and passes on what they say and what they are told.
import type { Carrier } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { IceServerAddress } from './engine.js';
import type { FromEngine, PeerNews, PeerRequest, ToEngine } from './wrtc-messages.js';
import { loadLibrary, WrtcPeer } from './wrtc-peer.js';
import type { WrtcLibrary } from './wrtc-types.js';

/** What a message takes beside its bytes while it waits: measured, with its buffers and its place in the queue. */
const MESSAGE_BYTES = 2_560;

/** On the way to the host, of all peers. */
let backlogBytes = 0;

function tell(message: FromEngine, bytes = 0): void {
  backlogBytes += bytes;
  process.send?.(message, undefined, undefined, () => {
    backlogBytes -= bytes;
  });
}

/** One peer, and its data channel once that is open. */
class Served {
  readonly #number: number;
  readonly #peer: WrtcPeer;
  #carrier: Carrier | undefined;
  /** Given to the data channel since the host was told that there is room. */
  #owedBytes = 0;
  #isScheduled = false;

  constructor(
    number: number,
    library: WrtcLibrary,
    iceServers: readonly IceServerAddress[],
    onClosed: () => void,
  ) {
    this.#number = number;
    this.#peer = new WrtcPeer(library, iceServers, {
      candidate: (candidate) => this.#tell({ type: 'candidate', candidate }),
      connected: (isConnected) => this.#tell({ type: 'connected', isConnected }),
      channel: (carrier) => this.#open(carrier),
      closed: (reason) => {
        this.#tell({ type: 'closed', reason });
        onClosed();
      },
    });
  }

  take(message: PeerRequest): void {
    if (message.type === 'call') this.#call(message);
    else if (message.type === 'candidate') this.#peer.addCandidate(message.candidate);
    else if (message.type === 'data') this.#send(message.data);
    else if (message.type === 'close') this.#peer.close();
  }

  #call({ call, method, sdp }: PeerRequest & { type: 'call' }): void {
    const asked: Promise<string | void> =
      method === 'createOffer' || method === 'way' ? this.#peer[method]() : this.#peer[method](sdp);
    asked.then(
      (value) => this.#tell({ type: 'answered', call, value: value ?? '' }),
      (error: unknown) => this.#tell({ type: 'refused', call, reason: String(error) }),
    );
  }

  #open(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#tell({ type: 'open' });
    carrier.start({
      message: (data) => this.#receive(data),
      // The peer tells its own end.
      close: () => undefined,
      writable: () => this.#settle(),
    });
  }

  /** A flood keeps the library from everything else, a close of its channel included, and fills the memory: it ends the process. */
  #receive(data: Uint8Array): void {
    if (backlogBytes > HOST_LIMITS.engineBacklogBytes) return die();
    this.#tell({ type: 'data', data }, MESSAGE_BYTES + data.byteLength);
  }

  #send(data: Uint8Array): void {
    this.#carrier?.send(data);
    this.#owedBytes += data.byteLength;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#settle();
    });
  }

  /** Tells the host what has found room, once there is room for more. */
  #settle(): void {
    if (this.#owedBytes === 0 || this.#carrier?.writable !== true) return;
    this.#tell({ type: 'taken', bytes: this.#owedBytes });
    this.#owedBytes = 0;
  }

  #tell(news: PeerNews, bytes = 0): void {
    tell({ peer: this.#number, ...news }, bytes);
  }
}

/** Without what a library does at the end of a process, where threads of this one still run. */
const die = (): void => void process.kill(process.pid, 'SIGKILL');

function serve(library: WrtcLibrary): void {
  const peers = new Map<number, Served>();
  const create = (peer: number, iceServers: readonly IceServerAddress[]): void => {
    try {
      peers.set(peer, new Served(peer, library, iceServers, () => void peers.delete(peer)));
    } catch (error) {
      // The library refuses some addresses, and makes no peer without descriptors.
      tell({ peer, type: 'closed', reason: String(error) });
    }
  };
  process.on('message', (message: ToEngine) => {
    if (message.type === 'ping') return tell({ type: 'pong' });
    const { peer, type } = message;
    if (type === 'create') return create(peer, message.iceServers);
    peers.get(peer)?.take(message);
    if (type === 'close') peers.delete(peer);
  });
}

process.once('disconnect', die);
// A Ctrl-C in a terminal reaches all processes of its host. The host says goodbye on these paths, and then goes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
try {
  serve(await loadLibrary());
  tell({ type: 'loaded' });
} catch (error) {
  tell({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
}
