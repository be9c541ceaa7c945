import { deferred, type Deferred } from '@wingman/protocol';
import { fromRefusal, toRefusal } from '../state.js';
import {
  appScriptUrl,
  type FromAppWorker,
  type ToAppWorker,
  type WorkerAsk,
  type WorkerStart,
} from '../messages.js';
import { clientOf } from './clients.js';
import { ExtendableEvent, ExtendableMessageEvent } from './events.js';
import { FetchEvents } from './fetch-events.js';
import { makeScope, type ScopeParts } from './scope.js';

/** What the parts of the emulation say to the service worker. */
export interface Link {
  post(message: FromAppWorker, transfer?: Transferable[]): void;
  ask(ask: WorkerAsk): Promise<unknown>;
}

/** A version of the app's service worker, run in this worker as if it were one. */
export class AppWorker implements Link {
  #port: MessagePort | undefined;
  #isLoaded: Promise<FromAppWorker> | undefined;
  #asks = 0;
  readonly #asked = new Map<number, { ask: WorkerAsk; answer: Deferred<unknown> }>();
  readonly #fetches = new FetchEvents(this);
  readonly #scope: ScopeParts;

  constructor(private readonly start: WorkerStart) {
    this.#scope = makeScope(start, this);
  }

  /** Takes the port of a service worker; the first one loads the script. */
  connect(port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = (event: MessageEvent<ToAppWorker>) => this.#heard(event.data);
    this.#isLoaded ??= this.#load();
    void this.#isLoaded.then((outcome) => port.postMessage(outcome));
    // A service worker that was killed has not heard them, and none of them does harm twice.
    for (const [id, { ask }] of this.#asked) this.post({ kind: 'ask', id, ask });
  }

  post(message: FromAppWorker, transfer: Transferable[] = []): void {
    this.#port?.postMessage(message, transfer);
  }

  ask(ask: WorkerAsk): Promise<unknown> {
    const id = ++this.#asks;
    const answer = deferred<unknown>();
    this.#asked.set(id, { ask, answer });
    this.post({ kind: 'ask', id, ask });
    return answer.promise;
  }

  async #load(): Promise<FromAppWorker> {
    const { version, tab, scriptUrl, type } = this.start;
    try {
      if (type === 'module') await import(scriptUrl);
      else this.#scope.importNatively(appScriptUrl(version, tab, scriptUrl));
      // Loaders like the one in Workbox's output add their listeners in a microtask.
      await new Promise((resolve) => setTimeout(resolve));
      return { kind: 'loaded', handlesFetch: this.#scope.handles('fetch') };
    } catch (error) {
      return { kind: 'failed', refusal: toRefusal(error) };
    }
  }

  #heard(message: ToAppWorker): void {
    switch (message.kind) {
      case 'lifecycle':
        return void this.#lifecycle(message.id, message.type);
      case 'fetch':
        return this.#fetches.dispatch(message);
      case 'abort':
        return this.#fetches.abort(message.id);
      case 'message':
        return this.#message(message);
      case 'state':
        return this.#scope.update(message.registration, message.own);
      case 'told':
        return this.#take(message.id)?.resolve(message.value);
      case 'refused':
        return this.#take(message.id)?.reject(fromRefusal(message.refusal));
    }
  }

  async #lifecycle(id: number, type: 'install' | 'activate'): Promise<void> {
    const event = new ExtendableEvent(type);
    self.dispatchEvent(event);
    const isOk = await event.settled.then(
      () => true,
      (error: unknown) => {
        console.error(error);
        return false;
      },
    );
    this.post({ kind: 'done', id, isOk });
  }

  #message({ data, source, transfer }: Extract<ToAppWorker, { kind: 'message' }>): void {
    const ports = transfer.filter((object) => object instanceof MessagePort);
    const event = new ExtendableMessageEvent('message', {
      ...{ data, ports, origin: location.origin },
      source: clientOf(source, this),
    });
    self.dispatchEvent(event);
  }

  #take(id: number): Deferred<unknown> | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked?.answer;
  }
}
