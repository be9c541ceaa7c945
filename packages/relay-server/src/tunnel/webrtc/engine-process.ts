import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deferred, systemClock, within, type Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { FromEngine, PeerNews, PeerRequest, ToEngine } from './wrtc-messages.js';

/** By way of `dist`, because tests run the sources and Node can't. */
const PROGRAM = new URL('../../../dist/tunnel/webrtc/wrtc-process.js', import.meta.url);

type Listener = (news: PeerNews) => void;

/**
 * The process that an engine lives in, because its library can end a process, or have it wait for ever: @roamhq/wrtc frees a
 * channel on a thread of its own while the program sends on it (docs/decisions/0066-an-engine-in-a-process-of-its-own.md). The peers end
 * with the process, and what the host has sent on them travels again as after any path's death.
 */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #onEnd: () => void;
  readonly #loaded = deferred<true>();
  readonly #listeners = new Map<number, Listener>();
  #count = 0;
  #isEnded = false;
  #idle: Timer | undefined;
  /** The next look at whether the process lives. */
  #look: Timer | undefined;
  #isLoaded = false;
  #isHeard = false;

  /** `onEnd` is called once, before the peers hear of it. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#child = fork(fileURLToPath(PROGRAM), {
      // What Node was told for this process, a debugger's port for one, isn't meant for that one.
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child.on('message', (message) => this.#take(message as FromEngine));
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('exit', (code, signal) => {
      this.#end(`the WebRTC engine’s process has ended (${signal ?? code})`);
    });
    // A host that is done does not wait for it, and it ends with its host.
    this.#child.unref();
    this.#child.channel?.unref();
    this.#rest();
  }

  /** Resolves once the library is loaded. Fails with the reason why it isn't. */
  async loaded(): Promise<void> {
    const isLoaded = await within(this.#loaded.promise, HOST_LIMITS.engineStartMs);
    if (isLoaded === undefined) throw new Error('it has not loaded in time');
  }

  /** A number for one more peer. The listener hears what becomes of it, until it is forgotten. */
  add(listener: Listener): number {
    this.#idle?.cancel();
    this.#listeners.set(++this.#count, listener);
    return this.#count;
  }

  forget(peer: number): void {
    this.#listeners.delete(peer);
    if (this.#listeners.size === 0) this.#rest();
  }

  /** Never throws; what a process that has just ended is asked for is lost. */
  post(message: PeerRequest): void {
    this.#send(message);
    this.#watch();
  }

  #send(message: ToEngine): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** While something is asked of the process, it has to say now and then that it lives. */
  #watch(): void {
    if (this.#look !== undefined || this.#isEnded) return;
    this.#isHeard = false;
    this.#send({ type: 'ping' });
    const { engineSilentMs, engineStartMs } = HOST_LIMITS;
    const silentMs = this.#isLoaded ? engineSilentMs : engineStartMs;
    this.#look = systemClock.setTimeout(() => {
      this.#look = undefined;
      if (!this.#isHeard) this.#kill('the WebRTC engine’s process is silent');
    }, silentMs);
  }

  #take(message: FromEngine): void {
    this.#isHeard = true;
    if (message.type === 'loaded') this.#load();
    else if (message.type === 'failed') this.#kill(message.reason);
    else if (message.type !== 'pong') this.#listeners.get(message.peer)?.(message);
  }

  #load(): void {
    this.#isLoaded = true;
    this.#loaded.resolve(true);
    // From now on it is given less time.
    this.#look?.cancel();
    this.#look = undefined;
    this.#watch();
  }

  /** Without peers the process, and the memory that its library keeps, goes after a while. */
  #rest(): void {
    this.#idle?.cancel();
    this.#idle = systemClock.setTimeout(() => this.#kill('idle'), HOST_LIMITS.engineIdleMs);
  }

  #kill(reason: string): void {
    this.#end(reason);
    this.#child.kill('SIGKILL');
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#idle?.cancel();
    this.#look?.cancel();
    this.#onEnd();
    this.#loaded.reject(new Error(reason));
    for (const listener of [...this.#listeners.values()]) listener({ type: 'closed', reason });
  }
}
