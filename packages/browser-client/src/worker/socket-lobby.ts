import { BROWSER_LIMITS } from '../shared/limits.js';
import {
  channelOf,
  LOBBY,
  lockOf,
  type SocketCall,
  type SocketServed,
} from '../shared/socket-call.js';
import { within } from '@wingman/protocol';
import { ServedWebSocket, type OpenSocket } from './serve-web-socket.js';

/** Serves the WebSockets of workers, which have no port to this tab's tunnel. */
export class SocketLobby {
  readonly #channel = new BroadcastChannel(LOBBY);

  constructor(
    private readonly tab: string,
    private readonly open: OpenSocket,
    private readonly locks: LockManager,
  ) {
    this.#channel.onmessage = ({ data }: MessageEvent<SocketCall>) => this.#called(data);
  }

  close(): void {
    this.#channel.close();
  }

  /** A call to any tab is heard by all of them: the lock lets one have it. */
  #called(call: SocketCall): void {
    if (call.tab !== null && call.tab !== this.tab) return;
    const name = lockOf(call.id, 'server');
    const served = this.locks.request(name, { ifAvailable: true }, (lock) =>
      lock === null ? undefined : this.#serve(call),
    );
    served.catch(() => undefined);
  }

  async #serve({ id, request }: SocketCall): Promise<void> {
    const channel = new BroadcastChannel(channelOf(id));
    channel.postMessage({ kind: 'served' } satisfies SocketServed);
    const served = new ServedWebSocket(channel);
    const waiting = new AbortController();
    const { signal } = waiting;
    const gone = this.locks
      .request(lockOf(id, 'caller'), { signal }, () => served.abandon())
      .catch(() => undefined);
    await served.run((signal) => this.open(request, { signal }));
    // The caller lets go once it has heard of the end.
    await within(gone, BROWSER_LIMITS.handOverMs);
    waiting.abort();
    channel.close();
  }
}
