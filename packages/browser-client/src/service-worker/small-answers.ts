import { streamOf } from './reply.js';

/** An answer whose body came with its head. */
export interface SmallAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A Response for the browser; there may be many of one answer. */
export function responseOf({ body, status, statusText, headers }: SmallAnswer): Response {
  return new Response(streamOf(body), { status, statusText, headers });
}

/** An answer in memory; without a copy on the disk nothing is left of it when it goes. */
interface Entry {
  readonly answer: SmallAnswer;
  isOnDisk: boolean;
}

/** Small answers in memory, and which of them the disk has yet to get. The least recently used go when there are too many. */
export class SmallAnswers {
  readonly #entries = new Map<string, Entry>();
  /** Those that nobody has tried to write yet. */
  readonly #waiting = new Set<string>();
  #bytes = 0;
  #waitingBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether it is time to write: half of the room is taken by what would be lost. */
  get isFull(): boolean {
    return this.#waitingBytes * 2 > this.maxBytes;
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  has(url: string): boolean {
    return this.#entries.has(url);
  }

  get(url: string): SmallAnswer | undefined {
    const entry = this.#entries.get(url);
    if (entry === undefined) return undefined;
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    return entry.answer;
  }

  /** Returns the URLs whose answers had to go and are not on the disk. */
  set(url: string, answer: SmallAnswer): string[] {
    this.delete(url);
    this.#entries.set(url, { answer, isOnDisk: false });
    this.#waiting.add(url);
    this.#bytes += answer.body.byteLength;
    this.#waitingBytes += answer.body.byteLength;
    const lost: string[] = [];
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes) break;
      if (this.delete(oldest)) lost.push(oldest);
    }
    return lost;
  }

  /** The next answer for the disk. It is given once: a disk that refuses it is not asked again. */
  takeWaiting(): [url: string, answer: SmallAnswer] | undefined {
    const [url] = this.#waiting;
    const entry = url === undefined ? undefined : this.#entries.get(url);
    if (url === undefined || entry === undefined) return undefined;
    this.#stopWaiting(url, entry);
    return [url, entry.answer];
  }

  /** The disk has this answer; the URL may have another one by now. */
  written(url: string, answer: SmallAnswer): void {
    const entry = this.#entries.get(url);
    if (entry?.answer === answer) entry.isOnDisk = true;
  }

  /** Returns whether an answer is lost by that: it was in memory alone. */
  delete(url: string): boolean {
    const entry = this.#entries.get(url);
    if (entry === undefined) return false;
    this.#entries.delete(url);
    this.#bytes -= entry.answer.body.byteLength;
    this.#stopWaiting(url, entry);
    return !entry.isOnDisk;
  }

  clear(): void {
    this.#entries.clear();
    this.#waiting.clear();
    this.#bytes = this.#waitingBytes = 0;
  }

  #stopWaiting(url: string, { answer }: Entry): void {
    if (this.#waiting.delete(url)) this.#waitingBytes -= answer.body.byteLength;
  }
}
