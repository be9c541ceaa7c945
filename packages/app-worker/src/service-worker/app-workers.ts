import { within } from '@wingman/protocol';
import { LOOK_MS } from '../limits.js';
import {
  APP_SCRIPT_PATH,
  toRefusal,
  type FromPage,
  type PageAsk,
  type ToPage,
} from '../messages.js';
import {
  partName,
  type Answer,
  type AnswerOptions,
  type MakePart,
  type Part,
  type Started,
  type Viewer,
} from './part.js';
import { hasSavedRegistry } from './registry.js';

export { APP_CACHE_PREFIX } from '../caches.js';
export type { AnswerOptions, OwnRequest, Viewer } from './part.js';

const NO_PART = 'The script of the tunnel could not be fetched.';

/**
 * The app worker, as our service worker sees it. All but this class is a part of its own, fetched when the
 * first app worker registers: with it our service worker would not fit into what TCP sends at once, and each
 * first visit would wait a round trip longer.
 */
export class AppWorkers {
  #part: Part | undefined;
  #loading: Promise<Part> | undefined;
  /** Whether something was registered before; undefined until that is known. */
  #isSaved: boolean | undefined;
  /** Settled when that is known, or when the browser's disk does not answer in time. */
  readonly #known: Promise<unknown>;

  constructor(private readonly viewer: Viewer) {
    const looked = hasSavedRegistry(viewer.caches).catch(() => false);
    const noted = looked.then((isSaved) => void (this.#isSaved = isSaved));
    this.#known = within(noted, LOOK_MS);
  }

  /** Whether an app worker may have to be asked. The answer is needed at once. */
  concerns(event: FetchEvent): boolean {
    if (this.#part !== undefined) return this.#part.concerns(event);
    return this.#isSaved !== false && event.request.url.startsWith('http');
  }

  /** The app worker's response; undefined when it leaves the request to the network, or there is none. */
  async answer(event: FetchEvent, options: AnswerOptions): Promise<Answer | undefined> {
    return (await this.#ifWanted())?.answer(event, options);
  }

  /** Answers a request for those of our own paths that the app worker uses; undefined for other requests. */
  async asset(request: Request): Promise<Response | undefined> {
    const isScript = new URL(request.url).pathname === APP_SCRIPT_PATH;
    return (isScript ? await this.#get() : this.#part)?.asset(request);
  }

  /** The script of a worker that a shell starts for the app worker; undefined for other requests. */
  emulation(event: Started): Promise<Response> | undefined {
    return this.#part?.emulation(event);
  }

  /** The shim, after the snapshot that its document needs at once. */
  async withSnapshot(shim: Response, clientId: string): Promise<Response> {
    const part = await this.#ifWanted();
    return part === undefined ? shim : part.withSnapshot(shim, clientId);
  }

  /** Takes a message of a page or shell; false when it isn't for the app worker. */
  heard(event: ExtendableMessageEvent): boolean {
    const message = event.data as FromPage | { kind: 'another' };
    if (message.kind !== 'app-worker-ask' && message.kind !== 'app-worker-message') return false;
    // Only documents send these.
    event.waitUntil(this.#take(event.source as Client, message));
    return true;
  }

  /** Ends what belonged to closed tabs. */
  async sweep(): Promise<void> {
    await this.#part?.sweep();
  }

  /** Takes a message of a page. A page that registers nothing is answered without the part. */
  async #take(client: Client, message: FromPage): Promise<void> {
    if (message.kind === 'app-worker-message') {
      return (await this.#ifWanted())?.heard(client, message);
    }
    const { ask, id: answers } = message;
    const tell = (answer: ToPage): void => client.postMessage(answer);
    try {
      const part = await (needsPart(ask) ? this.#get() : this.#ifWanted());
      if (part !== undefined) return await part.heard(client, message);
      const snapshot = { registrations: [], controller: null };
      tell({ kind: 'wingman-app-worker-state', snapshot, answers, value: null });
    } catch (error) {
      tell({ kind: 'wingman-app-worker-refused', answers, refusal: toRefusal(error) });
    }
  }

  /** The part; undefined when nothing is registered or the part can't be fetched. Requests go on without the part then. */
  async #ifWanted(): Promise<Part | undefined> {
    await this.#known;
    const isWanted = this.#isSaved === true || this.#loading !== undefined;
    return isWanted ? this.#get().catch(() => undefined) : undefined;
  }

  #get(): Promise<Part> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<Part> {
    const code = await this.viewer.assets.appWorkersPart();
    if (code === undefined) throw new TypeError(NO_PART);
    this.#part = evaluate(code)(this.viewer);
    return this.#part;
  }
}

function needsPart({ op }: PageAsk): boolean {
  return op !== 'snapshot' && op !== 'end';
}

/** Runs a script of our own; `importScripts` can't, once the service worker is installed. */
function evaluate(code: string): MakePart {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- as `importScripts` would, from our own server
  new Function(code)();
  const make: unknown = Reflect.get(globalThis, partName());
  if (typeof make !== 'function') throw new TypeError(NO_PART);
  // The name bears the version of both scripts.
  return make as MakePart;
}
