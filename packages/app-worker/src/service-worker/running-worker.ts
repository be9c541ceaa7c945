import { BoundedMap, deferred, isRedirect, within, type Deferred } from '@wingman/protocol';
import { receiveStream, sendStream } from '@wingman/protocol/ports';
import { HANDOVER_CACHE } from '../caches.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import {
  fromRefusal,
  toRefusal,
  type ClientInfo,
  type FetchAnswer,
  type FromEmulation,
  type NetworkAnswer,
  type RegistrationSnapshot,
  type RequestInfoParts,
  type ToEmulation,
  type WorkerAsk,
  type WorkerState,
} from '../messages.js';
import type { Viewer } from './part.js';

/** The parts of the viewer that a running worker needs. */
export type WorkerTools = Pick<Viewer, 'caches' | 'keepBody' | 'requestIdHeader'>;

/** What a running worker needs of the service worker. */
export interface WorkerHandlers {
  ask(ask: Exclude<WorkerAsk, { op: 'network' }>): Promise<unknown>;
  /** The worker has not finished an event in time, and has to be ended. */
  hangs(): void;
  viewer: WorkerTools;
  /** Keeps a response, and returns the address at which the emulation fetches it. */
  keepRedirect(response: Response): string;
  toClient(client: string, data: unknown, transfer: Transferable[]): void;
}

interface Dispatched {
  /** The worker's handlers have returned. */
  taken: Deferred<true>;
  answer: Deferred<FetchAnswer>;
}

/**
 * One version running in one tab, at the other end of a port. Events bear numbers on that port, because an answer has
 * to keep its order among the states and asks there, and a fetch event is answered twice: taken, then answered.
 */
export class RunningWorker {
  readonly #loaded = deferred<boolean>();
  readonly #done = new Map<number, Deferred<boolean>>();
  readonly #dispatched = new Map<number, Dispatched>();
  /** Ways to the network for navigations: a handler may answer from a cache, and ask the network after that. */
  readonly #networks = new BoundedMap<number, () => Promise<Response>>(
    APP_WORKER_LIMITS.maxKeptNavigations,
  );
  readonly #bodies = new AnswerBodies();
  #events = 0;

  constructor(
    private readonly port: MessagePort,
    private readonly handlers: WorkerHandlers,
  ) {
    port.onmessage = ({ data }: MessageEvent<FromEmulation>) => this.#heard(data);
    // The worker may end before anybody waits for it.
    this.#loaded.promise.catch(() => undefined);
  }

  /** Resolves with whether the script listens for fetch events; rejects when the script has failed. */
  get loaded(): Promise<boolean> {
    return this.#loaded.promise;
  }

  /** Resolves when all fetch events have been answered, bodies and all. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#dispatched.values()].map(({ answer }) => answer.promise));
    await this.#bodies.idle();
  }

  /** Dispatches the event; resolves with whether all promises given to `waitUntil` were kept in time. */
  async lifecycle(type: 'install' | 'activate'): Promise<boolean> {
    if (this.#bodies.isOver) return false;
    const id = ++this.#events;
    const done = deferred<boolean>();
    this.#done.set(id, done);
    this.#post({ kind: 'lifecycle', id, type });
    const isOk = await within(done.promise, APP_WORKER_LIMITS.eventMs);
    this.#done.delete(id);
    return isOk === true;
  }

  /** Asks for a response; undefined when the worker leaves the request to the network. */
  async fetch(
    { request, clientId, resultingClientId }: FetchEvent,
    network: () => Promise<Response>,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    const id = ++this.#events;
    const { viewer } = this.handlers;
    const body = await viewer.keepBody(request);
    if (this.#bodies.isOver) throw new TypeError('the service worker has ended');
    const dispatched: Dispatched = { taken: deferred(), answer: deferred() };
    this.#dispatched.set(id, dispatched);
    if (request.mode === 'navigate') this.#networks.set(id, network);
    const parts = describeRequest(request, viewer.requestIdHeader);
    this.#post({ kind: 'fetch', id, request: parts, body, clientId, resultingClientId });
    for (const given of [request.signal, signal]) {
      given.addEventListener('abort', () => this.#post({ kind: 'abort', id }));
    }
    try {
      const isTaken = await within(dispatched.taken.promise, APP_WORKER_LIMITS.takeMs);
      if (isTaken === undefined) this.handlers.hangs();
      return await receiveAnswer(await dispatched.answer.promise, this.#bodies, viewer.caches);
    } finally {
      this.#dispatched.delete(id);
    }
  }

  message(data: unknown, source: ClientInfo, transfer: Transferable[]): void {
    this.#post({ kind: 'message', data, source, transfer }, transfer);
  }

  follow(registration: RegistrationSnapshot, own: WorkerState): void {
    this.#post({ kind: 'state', registration, own });
  }

  /** Fails everything under way. Call it when the tab is gone or the version is no longer wanted. */
  end(): void {
    const error = new TypeError('the service worker has ended');
    this.#bodies.end(error);
    this.#loaded.reject(error);
    for (const done of this.#done.values()) done.resolve(false);
    for (const { taken, answer } of this.#dispatched.values()) {
      taken.resolve(true);
      answer.reject(error);
    }
    this.port.close();
  }

  #heard(message: FromEmulation): void {
    switch (message.kind) {
      case 'loaded':
        return this.#loaded.resolve(message.handlesFetch);
      case 'failed':
        return this.#loaded.reject(fromRefusal(message.refusal));
      case 'done':
        return this.#done.get(message.id)?.resolve(message.isOk);
      case 'ask':
        return void this.#asked(message.id, message.ask);
      case 'taken':
        return this.#dispatched.get(message.id)?.taken.resolve(true);
      case 'client-message':
        return this.handlers.toClient(message.client, message.data, message.transfer);
      default:
        this.#dispatched.get(message.id)?.taken.resolve(true);
        return this.#dispatched.get(message.id)?.answer.resolve(message);
    }
  }

  async #asked(id: number, ask: WorkerAsk): Promise<void> {
    try {
      if (ask.op !== 'network') {
        return this.#post({ kind: 'told', id, value: await this.handlers.ask(ask) });
      }
      const value = await this.#network(ask.event);
      const body = value.kind === 'response' ? value.body : null;
      this.#post({ kind: 'told', id, value }, body === null ? [] : [body]);
    } catch (error) {
      this.#post({ kind: 'refused', id, refusal: toRefusal(error) });
    }
  }

  async #network(event: number): Promise<NetworkAnswer> {
    const network = this.#networks.get(event);
    if (network === undefined) throw new TypeError('this navigation is over');
    const response = await network();
    const { status, statusText } = response;
    if (isRedirect(status, response.headers.get('location'))) {
      return { kind: 'redirect', url: this.handlers.keepRedirect(response) };
    }
    const head = { status, statusText, headers: [...response.headers] };
    return { kind: 'response', head, url: response.url, body: sendStream(response.body) };
  }

  #post(message: ToEmulation, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}

/** The bodies that a running worker sends with its answers. A body that is cut off by the worker's end must not look whole. */
class AnswerBodies {
  readonly #underWay = new Set<Promise<void>>();
  readonly #ended = new AbortController();

  get isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  /** The stream that `sendStream` sends at the other end of this port; it fails when the worker ends before it does. */
  receive(port: MessagePort): ReadableStream<Uint8Array> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const sent = receiveStream(port)
      .pipeTo(writable, { signal: this.#ended.signal })
      // The reader of the stream hears of the failure.
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    return readable;
  }

  /** Resolves when all bodies under way have been read to their ends or given up. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** The worker has ended. */
  end(reason: Error): void {
    this.#ended.abort(reason);
  }
}

/** What the app worker is told of a request; the app's document is the top page, as its author sees it. */
function describeRequest(request: Request, requestIdHeader: string): RequestInfoParts {
  const { url, method, mode, credentials, cache, redirect, integrity, keepalive } = request;
  const { referrer, referrerPolicy } = request;
  return {
    ...{ url, method, mode, credentials, cache, redirect, integrity },
    ...{ referrer, referrerPolicy, keepalive },
    headers: [...request.headers].filter(([name]) => name !== requestIdHeader),
    destination: mode === 'navigate' ? 'document' : request.destination,
  };
}

/** The browser's Response for an answer of the app worker; undefined when it has left the request alone. */
async function receiveAnswer(
  answer: FetchAnswer,
  bodies: AnswerBodies,
  caches: CacheStorage,
): Promise<Response | undefined> {
  switch (answer.kind) {
    case 'unhandled':
      return undefined;
    case 'error':
      return Response.error();
    case 'stored':
      return fromCache(answer.key, caches);
    case 'answer': {
      const { status, statusText, headers } = answer.head;
      const body = answer.body === null ? null : bodies.receive(answer.body);
      return new Response(body, { status, statusText, headers });
    }
  }
}

async function fromCache(key: string, caches: CacheStorage): Promise<Response> {
  const cache = await caches.open(HANDOVER_CACHE);
  const response = await cache.match(key);
  await cache.delete(key);
  return response ?? Response.error();
}
