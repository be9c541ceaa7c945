import { deferred, systemClock, type Clock } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { fromDisk } from './from-disk.js';
import { responseOf, SmallAnswers, type SmallAnswer } from './small-answers.js';
import type { Validity } from './validity.js';
import { WriteBehind, type WriteBehindLimits } from './write-behind.js';

/** What is known of a kept answer without reading it. */
interface Kept extends Validity {
  /** Size of the body; null while it is under way, where nobody has said the size in advance. */
  readonly bytes: number | null;
}

/** The size of a body in bytes. */
export interface BodySize {
  /** As it was told in advance; null where it was not. */
  readonly told: number | null;
  /** Whether all of the body has come. */
  readonly isWhole: () => boolean;
  /** What has passed. */
  readonly read: () => number;
}

/** An answer that is being written. */
interface Writing {
  readonly size: BodySize;
  /** Resolves when the answer is written, or never will be. */
  readonly over: Promise<void>;
  /** Whether it is to be deleted once it is written. */
  isForgotten: boolean;
}

type Limits = WriteBehindLimits &
  Record<'maxKeptAnswers' | 'keptAnswersBytes' | 'keptAnswerMs' | 'smallAnswersBytes', number>;

/** The field of the kept request that says what is known of its answer, as JSON. The answer itself stays as it came. */
const KEPT_FIELD = 'wingman-kept';

/**
 * Answers of one session in a cache of the browser, with a list of them in memory: a request for what isn't there costs
 * nothing. Small answers stay in memory too, and go to the disk when the page has come to rest: written at once they
 * would take the time of the page that loads them. A cache counts as empty when it fails, or when its disk does not
 * answer in time.
 */
export class AnswerStore {
  /** By URL, the least recently used first. What an earlier service worker has kept comes in the order of its keeping. */
  readonly #kept = new Map<string, Kept>();
  /** Answers that are being written. */
  readonly #underWay = new Map<string, Writing>();
  readonly #ready: Promise<void>;
  #cache: Promise<Cache> | undefined;
  readonly #small: SmallAnswers;
  readonly #writeBehind: WriteBehind;
  readonly #limits: Limits;
  #bytes = 0;
  #isClosed = false;

  /** Reads what is there once `after` is settled. */
  constructor(
    private readonly caches: CacheStorage,
    private readonly name: string,
    after: Promise<unknown>,
    {
      limits = SERVICE_WORKER_LIMITS,
      clock = systemClock,
    }: { limits?: Limits; clock?: Clock } = {},
  ) {
    this.#limits = limits;
    this.#small = new SmallAnswers(limits.smallAnswersBytes);
    const write = (url: string, answer: SmallAnswer) => this.#writeSmall(url, answer);
    this.#writeBehind = new WriteBehind(this.#small, write, limits, clock);
    const loaded = after.then(() => this.#load());
    this.#ready = fromDisk(loaded, limits.keptAnswerMs);
  }

  /** What is known of the answer that is kept for a URL. */
  async find(url: string): Promise<Validity | undefined> {
    await this.#ready;
    this.#writeBehind.used();
    await this.#lastBytes(url);
    const kept = this.#kept.get(url);
    if (kept !== undefined) this.#note(url, kept);
    return kept;
  }

  /** The small answer that is kept in memory for a URL. */
  small(url: string): SmallAnswer | undefined {
    return this.#small.get(url);
  }

  /** The answer as it was kept on the disk: browsers keep compiled code with it. */
  async read(url: string): Promise<Response | undefined> {
    const found = this.#open().then((cache) => cache.match(url));
    const response = await fromDisk(found, this.#limits.keptAnswerMs);
    if (response === undefined) this.#drop(url);
    return response;
  }

  /** Keeps an answer whose body is there: in memory now, and on the disk soon. */
  keepSmall(url: string, answer: SmallAnswer, validity: Validity): void {
    if (this.#isClosed) return;
    // A tab whose session is over deletes the cache. Whoever has opened it before writes nothing that lasts.
    void this.#open().catch(nothing);
    // The disk may have an older answer under the name of one that only memory had.
    for (const lost of this.#small.set(url, answer)) this.forget(lost);
    this.#note(url, { ...validity, bytes: answer.body.byteLength });
    this.#shrink();
    this.#writeBehind.used();
    this.#writeBehind.start();
  }

  /** Keeps an answer once its body has ended; one that breaks off leaves the answer on the disk before. */
  async keep(url: string, response: Response, validity: Validity, size: BodySize): Promise<void> {
    // What was known of the small answer is not true of an older one on the disk.
    if (this.#small.delete(url)) this.forget(url);
    await this.#write(url, response, validity, size);
  }

  /** The app has said that the kept answer still holds. */
  renew(url: string, validity: Validity): void {
    const bytes = this.#kept.get(url)?.bytes;
    if (bytes !== undefined) this.#note(url, { ...validity, bytes });
  }

  /** Deletes an answer; one that is being written is deleted when it is. */
  forget(url: string): void {
    const writing = this.#underWay.get(url);
    if (writing !== undefined) writing.isForgotten = true;
    this.#small.delete(url);
    if (!this.#drop(url)) return;
    void this.#open()
      .then((cache) => cache.delete(url))
      .catch(nothing);
  }

  /** Ends the store. What is still being kept goes to a cache that nobody can open any more. */
  close(): void {
    this.#isClosed = true;
    this.#kept.clear();
    this.#small.clear();
  }

  /** Waits for an answer that the page has had in full while the disk is still writing it. */
  async #lastBytes(url: string): Promise<void> {
    const writing = this.#underWay.get(url);
    if (writing === undefined || writing.isForgotten || this.#small.has(url)) return;
    if (!writing.size.isWhole()) return;
    await fromDisk(writing.over, this.#limits.keptAnswerMs);
  }

  async #writeSmall(url: string, answer: SmallAnswer): Promise<void> {
    const kept = this.#kept.get(url);
    if (kept === undefined) return;
    const told = answer.body.byteLength;
    const size = { told, isWhole: () => true, read: () => told };
    if (await this.#write(url, responseOf(answer), kept, size)) this.#small.written(url, answer);
  }

  /** Resolves with whether the disk has it. */
  async #write(
    url: string,
    response: Response,
    validity: Validity,
    size: BodySize,
  ): Promise<boolean> {
    const before = this.#underWay.get(url);
    const over = deferred<void>();
    const writing: Writing = { size, over: over.promise, isForgotten: false };
    this.#underWay.set(url, writing);
    try {
      // An older answer that is written last would stand under the name of this one.
      await before?.over;
      const kept = await this.#put(url, response, validity, size);
      return await this.#written(url, kept, writing);
    } catch {
      // The body broke off, or the browser has no room: the answer is asked for again.
      if (!response.bodyUsed) await response.body?.cancel().catch(nothing);
      return false;
    } finally {
      if (this.#underWay.get(url) === writing) this.#underWay.delete(url);
      over.resolve();
    }
  }

  async #put(url: string, response: Response, validity: Validity, size: BodySize): Promise<Kept> {
    const cache = await this.#open();
    await cache.put(keyOf(url, { ...validity, bytes: size.told }), response);
    const kept = { ...validity, bytes: size.told ?? size.read() };
    if (size.told === null) {
      const whole = await cache.match(url);
      if (whole !== undefined) await cache.put(keyOf(url, kept), whole);
    }
    return kept;
  }

  async #written(url: string, kept: Kept, writing: Writing): Promise<boolean> {
    if (this.#isClosed) return false;
    // It was forgotten meanwhile, or another one comes.
    if (writing.isForgotten || this.#underWay.get(url) !== writing) {
      await (await this.#open()).delete(url);
      return false;
    }
    // What is known of a small answer may be newer than what was written of it.
    if (!this.#small.has(url)) this.#note(url, kept);
    this.#shrink();
    return true;
  }

  /** An answer that was used or kept is the last to go. */
  #note(url: string, kept: Kept): void {
    this.#drop(url);
    this.#kept.set(url, kept);
    this.#bytes += kept.bytes ?? 0;
  }

  #drop(url: string): boolean {
    this.#bytes -= this.#kept.get(url)?.bytes ?? 0;
    return this.#kept.delete(url);
  }

  #shrink(): void {
    const { maxKeptAnswers, keptAnswersBytes } = this.#limits;
    for (const url of this.#kept.keys()) {
      if (this.#kept.size <= maxKeptAnswers && this.#bytes <= keptAnswersBytes) return;
      this.forget(url);
    }
  }

  async #load(): Promise<void> {
    if (!(await this.caches.has(this.name))) return;
    const cache = await this.#open();
    for (const request of await cache.keys()) {
      const kept = readKept(request);
      // The service worker was ended between two steps.
      if (kept === undefined) await cache.delete(request);
      // What has come while a slow disk was read is newer.
      else if (!this.#kept.has(request.url)) this.#note(request.url, kept);
    }
  }

  /** Rejects when the store is closed: to open a deleted cache would make it anew. */
  async #open(): Promise<Cache> {
    if (this.#isClosed) throw new Error('closed');
    this.#cache ??= this.caches.open(this.name);
    return this.#cache;
  }
}

function keyOf(url: string, kept: Kept): Request {
  return new Request(url, { headers: { [KEPT_FIELD]: JSON.stringify(kept) } });
}

/** Undefined when the answer's size is unknown: its keeping was not finished. */
function readKept({ headers }: Request): Kept | undefined {
  // Only `keyOf` writes this field, and each version of Wingman has a cache of its own.
  const kept = JSON.parse(headers.get(KEPT_FIELD) ?? '{"bytes":null}') as Kept;
  return kept.bytes === null ? undefined : kept;
}

function nothing(): undefined {
  return undefined;
}
