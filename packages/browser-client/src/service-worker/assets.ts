import { APP_CACHE_PREFIX } from '@wingman/app-worker/service-worker';
import {
  CACHE_PREFIX,
  PROBLEM_HEADER,
  RESERVED_PREFIX,
  SHIM_PATH,
  WingmanError,
} from '@wingman/protocol';
import { ISOLATING } from '@wingman/web-policy';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { ISOLATED_MARK, KEPT_MARK, POSTED_MARK, REFERRER_MARK } from '../shared/shell-api.js';
import type { Asked } from './app-fetch.js';
import { fromDisk } from './from-disk.js';
import type { HeldPosts } from './held-posts.js';
import type { Isolation } from './isolation.js';
import { problemResponse } from './reply.js';

const SHELL_PATH = `${RESERVED_PREFIX}shell`;
const EMULATION_PATH = `${RESERVED_PREFIX}emulation.js`;
const APP_WORKERS_PART_PATH = `${RESERVED_PREFIX}sw-app-workers.js`;
const SCRIPT_PATHS = [SHIM_PATH, EMULATION_PATH, APP_WORKERS_PART_PATH];
/** A field on the shell that is kept: when it came, by this machine's clock. */
const KEPT_AT = 'wingman-kept-at';

/** A person reads what comes, a problem too. */
const AS_PAGE: RequestInit = { cache: 'no-store', headers: { accept: 'text/html' } };

/** Names and contents of the `<meta>` elements by which the shell page is told something. */
export type Marks = Readonly<Record<string, string>>;

/**
 * The tunnel's own files. What each page waits for, the shell while it is fresh and the shim, comes from the cache;
 * the rest from the server, and from the cache when the server can't be reached.
 */
export class Assets {
  readonly #cacheName: string;
  /** The shim on its way, or kept until the cache has it. */
  #shim: Promise<Response> | undefined;

  constructor(
    version: string,
    private readonly caches: CacheStorage,
  ) {
    this.#cacheName = `${CACHE_PREFIX}${version}`;
  }

  /** Begins to fetch what the first page will wait for. */
  prepare(): void {
    this.#fetchShim().catch(() => undefined);
  }

  /** Fills the cache for the next page; a failure costs time, and the offline page. */
  async warm(): Promise<void> {
    const cache = await this.caches.open(this.#cacheName);
    await Promise.allSettled([keepShell(cache), ...SCRIPT_PATHS.map((path) => cache.add(path))]);
    this.#shim = undefined;
  }

  /** Deletes what other versions have kept. */
  async dropOld(): Promise<void> {
    const names = await this.caches.keys();
    const ours = names.filter((name) => name.startsWith(CACHE_PREFIX));
    const old = ours.filter(
      (name) => !name.startsWith(this.#cacheName) && !name.startsWith(APP_CACHE_PREFIX),
    );
    await Promise.all(old.map((name) => this.caches.delete(name)));
  }

  /**
   * The shell page with these marks. It has the server's latest boot record when the server can be reached, or one
   * with which a first flight still succeeds.
   */
  async shell(marks: Marks, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const kept = await this.#cached(SHELL_PATH);
    if (kept !== undefined && isFresh(kept)) {
      return marked(kept, { ...marks, [KEPT_MARK]: '' }, headers);
    }
    try {
      return await marked(await fetch(SHELL_PATH, AS_PAGE), marks, headers);
    } catch {
      return kept === undefined ? Response.error() : marked(kept, marks, headers);
    }
  }

  /** Has the server answer for the next shell. */
  async forgetShell(): Promise<void> {
    const cache = await this.caches.open(this.#cacheName);
    await cache.delete(SHELL_PATH);
  }

  async asset(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === SHIM_PATH) return this.#shimScript();
    try {
      return await fetch(request);
    } catch {
      return (await this.#cached(request.url)) ?? Response.error();
    }
  }

  /** The shim's script; undefined when neither server nor cache has the script. */
  shim(): Promise<string | undefined> {
    return this.#text(SHIM_PATH);
  }

  /** The script that makes a worker look like a service worker; undefined when neither server nor cache has it. */
  emulation(): Promise<string | undefined> {
    return this.#text(EMULATION_PATH);
  }

  /**
   * The part of this service worker for apps with one of their own; undefined when it can't be had. From the
   * cache first: it is of one version, and each start of this service worker waits for it.
   */
  async appWorkersPart(): Promise<string | undefined> {
    const response =
      (await this.#cached(APP_WORKERS_PART_PATH)) ??
      (await inTime(APP_WORKERS_PART_PATH).catch(() => undefined));
    return response?.ok === true ? response.text() : undefined;
  }

  async #text(path: string): Promise<string | undefined> {
    const response = await this.asset(new Request(path));
    return response.ok ? response.text() : undefined;
  }

  /** The cache is that of this service worker's version, whose messages the shim speaks. Compiled code is kept with it. */
  async #shimScript(): Promise<Response> {
    const kept = await this.#cached(SHIM_PATH);
    if (kept !== undefined) return kept;
    return (await this.#fetchShim().catch(() => Response.error())).clone();
  }

  #fetchShim(): Promise<Response> {
    this.#shim ??= inTime(SHIM_PATH).then((response) => {
      // What the server refuses now it may give later.
      if (!response.ok) this.#shim = undefined;
      return response;
    });
    this.#shim.catch(() => (this.#shim = undefined));
    return this.#shim;
  }

  /** Undefined also when the browser's disk does not answer in time, or at all: the server may be asked. */
  #cached(url: string): Promise<Response | undefined> {
    return fromDisk(this.caches.match(url, { cacheName: this.#cacheName }));
  }
}

/** What documents and registrations wait for: rejects when the server is too late. */
function inTime(path: string): Promise<Response> {
  return fetch(path, { signal: AbortSignal.timeout(SERVICE_WORKER_LIMITS.partMs) });
}

/** Fetches the shell for the next page; one that the server refuses leaves the one before. */
async function keepShell(cache: Cache): Promise<void> {
  const page = await fetch(SHELL_PATH, AS_PAGE);
  if (!page.ok) return;
  const kept = new Response(page.body, page);
  kept.headers.set(KEPT_AT, String(Date.now()));
  await cache.put(SHELL_PATH, kept);
}

/** Whether the host still knows the prekey in this shell. A clock that was set back makes it old. */
function isFresh({ headers }: Response): boolean {
  const age = Date.now() - Number(headers.get(KEPT_AT) ?? NaN);
  return age >= 0 && age < SERVICE_WORKER_LIMITS.shellFreshMs;
}

/** Escapes text for the value of an attribute. */
function quoted(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

/** The page with a `<meta>` for each mark. The new response has no URL, so that the page takes the URL that was asked for. */
async function marked(
  page: Response,
  marks: Marks,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const entries = Object.entries(marks);
  if (entries.length === 0) return new Response(page.body, page);
  const metas = entries.map(([name, text]) => `<meta name="${name}" content="${quoted(text)}">`);
  const text = (await page.text()).replace('<head>', (head) => head + metas.join(''));
  const response = new Response(text, page);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

/** The tools for answering a top-level navigation. */
export interface ShellPageTools {
  readonly assets: Assets;
  readonly isolation: Isolation;
  readonly posts: HeldPosts;
  /** Ends this service worker, so that the next load of the tab is the server's to answer. */
  readonly leave: () => Promise<unknown>;
}

/** Answers a top-level navigation: always with the shell, which then loads the app in its frame. */
export async function shellPage(
  { request, resultingClientId }: Asked,
  { assets, isolation, posts, leave }: ShellPageTools,
): Promise<Response> {
  const { method } = request;
  const isIsolated = await isolation.isOn;
  const headers = isIsolated ? ISOLATING : {};
  const marks = {
    // Firefox hides the referrer from a page that a service worker has answered.
    ...(request.referrer.startsWith('http') ? { [REFERRER_MARK]: request.referrer } : {}),
    ...(isIsolated ? { [ISOLATED_MARK]: '' } : {}),
  };
  if (method !== 'POST') {
    const page = await assets.shell(marks, headers);
    // The server has this browser forget a session that is over, but not by a request of a service worker.
    if (page.headers.get(PROBLEM_HEADER) === 'SESSION_ENDED') await leave();
    return page;
  }
  if (await posts.hold(resultingClientId, request)) {
    return assets.shell({ ...marks, [POSTED_MARK]: '' }, headers);
  }
  const error = new WingmanError('LIMIT_EXCEEDED', 'the form is too large to be held');
  return problemResponse(error, { accept: 'text/html', method });
}
