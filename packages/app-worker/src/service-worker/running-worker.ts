import { BoundedMap, deferred, isRedirect, within, type Deferred } from '@wingman/protocol';
import type {
  ClientInfo,
  FetchAnswer,
  FromAppWorker,
  NetworkAnswer,
  ToAppWorker,
  WorkerAsk,
} from '../messages.js';
import { fromRefusal, toRefusal, type RegistrationSnapshot, type WorkerState } from '../state.js';
import { APP_WORKER_LIMITS } from '../limits.js';
import { sendStream } from '@wingman/protocol/ports';
import { AnswerBodies } from './answer-bodies.js';
import { describeRequest } from './describe-request.js';
import { receiveAnswer } from './receive-answer.js';
import type { Viewer } from './viewer.js';

/** What a running worker wants of the rest. */
export interface WorkerHandlers {
  ask(ask: Exclude<WorkerAsk, { op: 'network' }>): Promise<unknown>;
  /** It doesn't come to an end with an event: it has to be ended itself. */
  hangs(): void;
  viewer: Pick<Viewer, 'keepBody' | 'requestIdHeader'>;
  /** Keeps a response for one that fetches it by this address. */
  keepRedirect(response: Response): string;
  toClient(client: string, data: unknown, transfer: Transferable[]): void;
}

interface Dispatched {
  /** The worker's handlers have returned. */
  taken: Deferred<true>;
  answer: Deferred<FetchAnswer>;
}

/** One version running in one tab, at the other end of a port. */
export class RunningWorker {
  readonly #loaded = deferred<boolean>();
  readonly #done = new Map<number, Deferred<boolean>>();
  readonly #dispatched = new Map<number, Dispatched>();
  /** Ways on for navigations: a handler may answer from a cache, and ask the network after that. */
  readonly #networks = new BoundedMap<number, () => Promise<Response>>(
    APP_WORKER_LIMITS.maxKeptNavigations,
  );
  readonly #bodies = new AnswerBodies();
  #events = 0;

  constructor(
    private readonly port: MessagePort,
    private readonly handlers: WorkerHandlers,
  ) {
    port.onmessage = ({ data }: MessageEvent<FromAppWorker>) => this.#heard(data);
    // It may end before anybody waits for it.
    this.#loaded.promise.catch(() => undefined);
  }

  /** Resolves with whether it listens for fetch events; rejects when its script has failed. */
  get loaded(): Promise<boolean> {
    return this.#loaded.promise;
  }

  /** Resolves when it has answered all fetch events, bodies and all. */
  async idle(): Promise<void> {
    await Promise.allSettled([...this.#dispatched.values()].map(({ answer }) => answer.promise));
    await this.#bodies.idle();
  }

  /** Dispatches the event and resolves with whether everything it waits for went well. */
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

  /** Asks for a response; undefined when it leaves the request to the network. */
  async fetch(
    { request, clientId, resultingClientId }: FetchEvent,
    network: () => Promise<Response>,
    signal: AbortSignal,
  ): Promise<Response | undefined> {
    const id = ++this.#events;
    const body = await this.handlers.viewer.keepBody(request);
    if (this.#bodies.isOver) throw new TypeError('the service worker has ended');
    const dispatched: Dispatched = { taken: deferred(), answer: deferred() };
    this.#dispatched.set(id, dispatched);
    if (request.mode === 'navigate') this.#networks.set(id, network);
    const parts = describeRequest(request, this.handlers.viewer.requestIdHeader);
    this.#post({ kind: 'fetch', id, request: parts, body, clientId, resultingClientId });
    for (const given of [request.signal, signal]) {
      given.addEventListener('abort', () => this.#post({ kind: 'abort', id }));
    }
    try {
      const isTaken = await within(dispatched.taken.promise, APP_WORKER_LIMITS.takeMs);
      if (isTaken === undefined) this.handlers.hangs();
      return await receiveAnswer(await dispatched.answer.promise, this.#bodies);
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

  /** Its tab is gone, or it is no longer wanted. */
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

  #heard(message: FromAppWorker): void {
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

  #post(message: ToAppWorker, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
}
