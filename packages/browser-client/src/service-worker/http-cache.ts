import { CACHE_PREFIX, systemClock, type Clock } from '@wingman/protocol';
import { clearsSiteData } from '@wingman/web-policy';
import type { FetchHead, HeaderPair, ReplyHead } from '../shared/exchange-messages.js';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { AnswerStore } from './answer-store.js';
import { copiedBody } from './copied-body.js';
import { fromDisk } from './from-disk.js';
import { streamOf } from './reply.js';
import { responseOf } from './small-answers.js';
import {
  conditionsOf,
  field,
  fits,
  isFresh,
  updated,
  validityOf,
  type Times,
  type Validity,
} from './validity.js';

/** A request, and the head with which it leaves the browser. */
export interface Question {
  readonly request: Request;
  readonly head: FetchHead;
  /** Names the session; empty when the shell has not said it. */
  readonly session: string;
}

/** What has come through the tunnel. */
export interface Answer {
  readonly head: ReplyHead;
  readonly response: Response;
  /** The body, where it is there already; null when it comes bit by bit. */
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** Asks the app, with these fields beside those of the request. */
export type AskApp = (conditions: readonly HeaderPair[]) => Promise<Answer>;

/** An answer that is kept, and what it takes to use it. */
interface Found {
  readonly validity: Validity;
  readonly response: Response;
  /** The body, where it is in memory. */
  readonly body: Uint8Array<ArrayBuffer> | null;
}

/** A question on its way. It keeps the store that it began with: nothing goes into one that was opened later. */
interface Asking extends Question {
  readonly url: string;
  readonly store: AnswerStore | undefined;
}

/** Requests with one of these see to validity themselves (Fetch section 4.6, step 8), or want a part. */
const PAST_THE_CACHE = [
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'],
  'range',
];

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/**
 * The private HTTP cache of a session (RFC 9111) for what comes through the tunnel: browsers put no answer of a service
 * worker into their own.
 */
export class HttpCache {
  readonly #prefix: string;
  #store: AnswerStore | undefined;
  #session = '';
  /** Settled when every deletion so far is done. */
  #deleted: Promise<unknown> = Promise.resolve();

  constructor(
    version: string,
    private readonly caches: CacheStorage,
    /** Its time is the wall clock's, in milliseconds since 1970. */
    private readonly clock: Clock = { ...systemClock, now: Date.now },
  ) {
    this.#prefix = `${CACHE_PREFIX}${version}-http-`;
  }

  /** Answers from the cache where the kept answer and the request allow it, else with what the app says. */
  async answer(question: Question, ask: AskApp): Promise<Response> {
    const { cache: mode, url } = question.request;
    const store = isPast(question.request) ? undefined : this.#storeOf(question.session);
    const asking = { ...question, url: url.replace(/#.*/s, ''), store };
    const found = mode === 'no-store' || mode === 'reload' ? undefined : await find(asking);
    if (found !== undefined && this.#mayUse(found.validity, asking)) return found.response;
    if (mode === 'only-if-cached') return Response.error();
    const askedAt = this.clock.now();
    const answer = await ask(found === undefined ? [] : conditionsOf(found.validity));
    await this.#heed(asking, answer.head);
    const times = { askedAt, answeredAt: this.clock.now() };
    if (found !== undefined && answer.head.status === 304) {
      return renewed(asking, found, answer.head, times);
    }
    void found?.response.body?.cancel();
    return mode === 'no-store' ? answer.response : kept(asking, answer, times);
  }

  /** Deletes what is kept, of every session. What is under way meanwhile is not kept either. */
  async clear(): Promise<void> {
    this.#store?.close();
    this.#store = undefined;
    await this.#deleteAllBut(undefined);
  }

  /** Whether a kept answer is used unasked (Fetch section 4.6, "HTTP-network-or-cache fetch"). */
  #mayUse(validity: Validity, { request, head }: Question): boolean {
    if (request.cache === 'force-cache' || request.cache === 'only-if-cached') return true;
    return request.cache !== 'no-cache' && isFresh(validity, head.headers, this.clock.now());
  }

  /** Obeys what an answer says of other answers that are kept (RFC 9111 section 4.4, Clear-Site-Data section 3.1). */
  async #heed({ request, session }: Question, { status, headers }: ReplyHead): Promise<void> {
    const fields = headers.map(([name, value]) => ({ name, value }));
    if (clearsSiteData(fields, 'cache')) {
      await fromDisk(this.clear());
    }
    if (SAFE.includes(request.method) || status < 200 || status > 399) return;
    const store = this.#storeOf(session);
    for (const named of ['', field(headers, 'location'), field(headers, 'content-location')]) {
      if (named === null || !URL.canParse(named, request.url)) continue;
      store?.forget(new URL(named, request.url).href.replace(/#.*/s, ''));
    }
  }

  /** The store of a session; whatever another session has kept under this name goes. */
  #storeOf(session: string): AnswerStore | undefined {
    if (session === '') return undefined;
    if (this.#store !== undefined && this.#session === session) return this.#store;
    this.#store?.close();
    this.#session = session;
    const name = this.#prefix + session;
    this.#store = new AnswerStore(this.caches, name, this.#deleteAllBut(name), {
      clock: this.clock,
    });
    return this.#store;
  }

  /** Deletes caches one after the other with all that were deleted before. */
  #deleteAllBut(kept: string | undefined): Promise<unknown> {
    const deleteThem = async (): Promise<void> => {
      const names = await this.caches.keys();
      const doomed = names.filter((name) => name.startsWith(this.#prefix) && name !== kept);
      await Promise.all(doomed.map((name) => this.caches.delete(name)));
    };
    this.#deleted = this.#deleted.then(deleteThem).catch(() => undefined);
    return this.#deleted;
  }
}

/**
 * Whether the cache has no part in a request. Documents are the host's to write into: what it puts there is of one run
 * of the host, and the first document is on its way before a service worker runs.
 */
function isPast({ method, mode, headers }: Request): boolean {
  return (
    method !== 'GET' || mode === 'navigate' || PAST_THE_CACHE.some((name) => headers.has(name))
  );
}

async function find({ store, url, head }: Asking): Promise<Found | undefined> {
  const validity = await store?.find(url);
  if (validity === undefined || !fits(validity, head.headers)) return undefined;
  const small = store?.small(url);
  if (small !== undefined) return { validity, response: responseOf(small), body: small.body };
  const response = await store?.read(url);
  return response && { validity, response, body: null };
}

/** The answer for the page, while a copy of it is being kept where that may be. */
function kept(
  { store, url, head, request: { cache } }: Asking,
  { head: { status, headers }, response, body }: Answer,
  times: Times,
): Response {
  const validity = status === 200 ? validityOf(headers, head.headers, times, cache) : undefined;
  if (store === undefined) return response;
  if (validity === undefined) {
    // An answer that replaces a kept one, and may not be kept itself, makes the kept one invalid.
    if (status === 200) store.forget(url);
    return response;
  }
  return keepCopy({ store, url, validity }, response, body);
}

/** The kept answer, which still holds, with what the 304 says of it. */
function renewed(
  { store, url, head }: Asking,
  { response, body: known }: Found,
  { headers }: ReplyHead,
  times: Times,
): Response {
  const fields = updated(response.headers, headers);
  const validity = validityOf(fields, head.headers, times);
  if (validity === undefined) store?.forget(url);
  const current = headersOf(fields);
  // An answer that only has another date stays as it was kept: compiled code stays with it.
  if ([...current].every(([name, value]) => isSame(name, value, response.headers))) {
    if (validity !== undefined) store?.renew(url, validity);
    return response;
  }
  const { status, statusText, body } = response;
  const shown = new Response(known ? streamOf(known) : body, {
    status,
    statusText,
    headers: current,
  });
  if (store === undefined || validity === undefined) return shown;
  return keepCopy({ store, url, validity }, shown, known);
}

function isSame(name: string, value: string, before: Headers): boolean {
  return name === 'date' || name === 'age' || before.get(name) === value;
}

/** Where an answer is kept. */
interface Place {
  readonly store: AnswerStore;
  readonly url: string;
  readonly validity: Validity;
}

/** Keeps a copy of an answer as it passes; an answer that is too large passes without one. */
function keepCopy(
  { store, url, validity }: Place,
  response: Response,
  whole: Uint8Array<ArrayBuffer> | null,
): Response {
  const { status, statusText, headers, body } = response;
  if (whole !== null || body === null) {
    const small = { status, statusText, headers, body: whole ?? new Uint8Array() };
    store.keepSmall(url, small, validity);
    return response;
  }
  const length = headers.get('content-length');
  const told = length === null ? null : Number(length);
  if (told !== null && !(told <= SERVICE_WORKER_LIMITS.keptAnswerBytes)) return response;
  const { shown, copy, read, isWhole } = copiedBody(body);
  const kept = new Response(copy, { status, statusText, headers });
  void store.keep(url, kept, validity, { told, isWhole, read });
  return new Response(shown, { status, statusText, headers });
}

function headersOf(fields: readonly HeaderPair[]): Headers {
  return new Headers(fields.map(([name, value]): [string, string] => [name, value]));
}
