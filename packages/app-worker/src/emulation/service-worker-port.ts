import { deferred, within, type Deferred } from '@wingman/protocol';
import { APP_WORKER_LIMITS } from '../limits.js';
import { fromRefusal, type FromEmulation, type ToEmulation, type WorkerAsk } from '../messages.js';

/**
 * The emulation's way to the service worker; outlives a service worker that is killed and started anew. So asks bear
 * numbers on one port, and what was not answered is asked again on the next port. The answers also have to keep
 * their order among the states that come on that port.
 */
export class ServiceWorkerPort {
  #port: MessagePort | undefined;
  #asks = 0;
  readonly #asked = new Map<number, { ask: WorkerAsk; answer: Deferred<unknown> }>();

  /** Relative URLs of the app worker are resolved against `base`. */
  constructor(readonly base: string) {}

  /** Takes the port of a service worker; whatever is no answer goes to `heard`. */
  connect(port: MessagePort, heard: (message: ToEmulation) => void): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ToEmulation>) => {
      if (!this.#answered(data)) heard(data);
    };
    // A killed service worker has not answered these asks. No ask does harm when it is asked twice.
    for (const [id, { ask }] of this.#asked) this.post({ kind: 'ask', id, ask });
  }

  post(message: FromEmulation, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }

  /** Resolves with the service worker's answer; rejects with the reason of a refusal, or with a TimeoutError. */
  async ask(ask: WorkerAsk): Promise<unknown> {
    const id = ++this.#asks;
    const answer = deferred<unknown>();
    this.#asked.set(id, { ask, answer });
    this.post({ kind: 'ask', id, ask });
    // The exchange behind this one has deadlines of its own, which are the app's: minutes.
    if (ask.op === 'network') return answer.promise;
    const told = answer.promise.then((value) => [value]);
    const outcome = await within(told, APP_WORKER_LIMITS.answerMs);
    this.#asked.delete(id);
    if (outcome === undefined) throw new DOMException('No answer came in time.', 'TimeoutError');
    return outcome[0];
  }

  #answered(message: ToEmulation): boolean {
    if (message.kind !== 'told' && message.kind !== 'refused') return false;
    const answer = this.#asked.get(message.id)?.answer;
    this.#asked.delete(message.id);
    if (message.kind === 'told') answer?.resolve(message.value);
    else answer?.reject(fromRefusal(message.refusal));
    return true;
  }
}
