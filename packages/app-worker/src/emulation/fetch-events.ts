import { HANDOVER_CACHE } from '../caches.js';
import type { FetchAnswer, ToAppWorker } from '../messages.js';
import { sendStream } from '@wingman/protocol/ports';
import type { Link } from './emulation.js';
import { eventRequest } from './event-request.js';
import { FetchEvent, makeHandled } from './events.js';

/** Fetch events of the app's worker: dispatches them, and sends on what was answered. */
export class FetchEvents {
  readonly #aborts = new Map<number, AbortController>();
  /** The app's own view of the caches lacks ours. */
  readonly #openCache = self.caches.open.bind(self.caches);

  constructor(private readonly link: Link) {}

  dispatch(message: Extract<ToAppWorker, { kind: 'fetch' }>): void {
    const { id, clientId, resultingClientId } = message;
    const abort = new AbortController();
    const handled = makeHandled();
    const event = new FetchEvent('fetch', {
      request: eventRequest(id, message.request, message.body, abort.signal),
      ...{ clientId, resultingClientId, handled: handled.promise },
    });
    self.dispatchEvent(event);
    event.close();
    event.settled.catch((error: unknown) => console.error(error));
    if (event.answer === undefined) {
      const kind = event.defaultPrevented ? 'error' : 'unhandled';
      handled.settle(kind === 'unhandled');
      return this.link.post({ kind, id });
    }
    this.link.post({ kind: 'taken', id });
    this.#aborts.set(id, abort);
    void this.#answer(id, event.answer).then((isOk) => {
      this.#aborts.delete(id);
      handled.settle(isOk);
    });
  }

  abort(id: number): void {
    this.#aborts.get(id)?.abort();
  }

  async #answer(id: number, promised: Promise<Response>): Promise<boolean> {
    try {
      const [answer, transfer] = await this.#answerOf(id, await promised);
      this.link.post(answer, transfer);
      return answer.kind !== 'error';
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) console.error(error);
      this.link.post({ kind: 'error', id });
      return false;
    }
  }

  async #answerOf(id: number, response: unknown): Promise<[FetchAnswer, Transferable[]]> {
    if (!(response instanceof Response)) {
      throw new TypeError('respondWith() was given something that is no Response.');
    }
    if (response.type === 'error') return [{ kind: 'error', id }, []];
    if (response.bodyUsed) {
      throw new TypeError('respondWith() was given a Response whose body is already used.');
    }
    if (response.status === 0) return [await this.#store(id, response), []];
    const { status, statusText } = response;
    const body = sendStream(response.body);
    const head = { status, statusText, headers: [...response.headers] };
    return [{ kind: 'answer', id, head, body }, body === null ? [] : [body]];
  }

  /** Nobody can copy an opaque response, and a cache can hold it. */
  async #store(id: number, response: Response): Promise<FetchAnswer> {
    const key = `/__wingman/handover/${crypto.randomUUID()}`;
    const cache = await this.#openCache(HANDOVER_CACHE);
    await cache.put(key, response);
    return { kind: 'stored', id, key };
  }
}
