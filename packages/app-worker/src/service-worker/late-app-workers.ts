import { APP_SCRIPT_PATH, type DocumentAsk, type ToDocument } from '../messages.js';
import { toRefusal } from '../state.js';
import type { AnswerOptions } from './app-workers.js';
import type { AppWorkersPart, MakePart } from './part.js';
import { partName } from './part-name.js';
import { hasSavedRegistry } from './saved-registry.js';
import type { Viewer } from './viewer.js';

export { APP_CACHE_PREFIX } from '../caches.js';
export type { FromPage } from '../messages.js';
export type * from './viewer.js';

type Answer = Awaited<ReturnType<AppWorkersPart['workers']['answer']>>;
type AppMessage = Parameters<AppWorkersPart['workers']['message']>[1];

const NO_PART = 'The script of the tunnel could not be fetched.';

/**
 * The part for apps with service workers of their own, fetched when the first one registers. With it this
 * script would not fit into what TCP sends at once, and each first visit would wait a round trip longer.
 */
export class LateAppWorkers {
  #part: AppWorkersPart | undefined;
  #loading: Promise<AppWorkersPart> | undefined;
  /** Whether something was registered before; undefined until that is known. */
  #isSaved: boolean | undefined;
  readonly #known: Promise<void>;

  constructor(private readonly viewer: Viewer) {
    this.#known = this.#look();
  }

  /** Whether an app's worker may have to be asked; has to be known at once. */
  concerns(event: FetchEvent): boolean {
    if (this.#part !== undefined) return this.#part.workers.concerns(event);
    return this.#isSaved !== false && event.request.url.startsWith('http');
  }

  async answer(event: FetchEvent, options: AnswerOptions): Promise<Answer> {
    return (await this.#ifWanted())?.workers.answer(event, options);
  }

  redirect(request: Request): Response | undefined {
    return this.#part?.workers.redirect(request);
  }

  async withSnapshot(shim: Response, clientId: string): Promise<Response> {
    const part = await this.#ifWanted();
    return part === undefined ? shim : part.workers.withSnapshot(shim, clientId);
  }

  /** A document asks for something; one that registers nothing needs no more than that nothing is registered. */
  async ask(client: Client, answers: number, ask: DocumentAsk): Promise<void> {
    const tell = (message: ToDocument): void => client.postMessage(message);
    try {
      const needsNone = ask.op === 'snapshot' || ask.op === 'end';
      const part = await (needsNone ? this.#ifWanted() : this.#get());
      if (part !== undefined) return await part.workers.ask(client, answers, ask);
      const snapshot = { registrations: [], controller: null };
      tell({ kind: 'wingman-app-worker', snapshot, answers, value: null });
    } catch (error) {
      tell({ kind: 'wingman-app-worker-refused', answers, refusal: toRefusal(error) });
    }
  }

  async message(client: Client, message: AppMessage): Promise<void> {
    await (await this.#ifWanted())?.workers.message(client, message);
  }

  /** A script for a worker that runs; undefined for other requests. */
  async serve(request: Request): Promise<Response | undefined> {
    if (new URL(request.url).pathname !== APP_SCRIPT_PATH) return undefined;
    return (await this.#get()).scripts.serve(request);
  }

  /** For which tab a worker's script is expected. */
  expectedFor(request: Request): string | undefined {
    return this.#part?.scripts.expectedFor(request);
  }

  async emulation(tab: string, isIsolated: boolean): Promise<Response> {
    return (await this.#get()).scripts.emulation(tab, isIsolated);
  }

  /** What belonged to closed tabs goes. */
  async sweep(): Promise<void> {
    await this.#part?.workers.sweep();
  }

  async #look(): Promise<void> {
    this.#isSaved = await hasSavedRegistry(this.viewer.caches).catch(() => false);
  }

  /** Undefined when nothing is registered, or the part can't be had: then requests go on as without. */
  async #ifWanted(): Promise<AppWorkersPart | undefined> {
    await this.#known;
    const isWanted = this.#isSaved === true || this.#loading !== undefined;
    return isWanted ? this.#get().catch(() => undefined) : undefined;
  }

  #get(): Promise<AppWorkersPart> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<AppWorkersPart> {
    const code = await this.viewer.assets.appWorkersPart();
    if (code === undefined) throw new TypeError(NO_PART);
    this.#part = evaluate(code)(this.viewer);
    return this.#part;
  }
}

/** Runs a script of our own; `importScripts` can't, once the service worker is installed. */
function evaluate(code: string): MakePart {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- as `importScripts` would, from our own server
  new Function(code)();
  const make: unknown = Reflect.get(globalThis, partName());
  if (typeof make !== 'function') throw new TypeError(NO_PART);
  // Its name has the version of both.
  return make as MakePart;
}
