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

/** Small answers in memory, and which of them the disk has yet to get. The least recently used go when there are too many. */
export class SmallAnswers {
  readonly #answers = new Map<string, SmallAnswer>();
  readonly #unwritten = new Set<string>();
  #bytes = 0;
  #unwrittenBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether it is time to write: half of the room is taken by what would be lost. */
  get isFull(): boolean {
    return this.#unwrittenBytes * 2 > this.maxBytes;
  }

  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  has(url: string): boolean {
    return this.#answers.has(url);
  }

  get(url: string): SmallAnswer | undefined {
    const answer = this.#answers.get(url);
    if (answer === undefined) return undefined;
    this.#answers.delete(url);
    this.#answers.set(url, answer);
    return answer;
  }

  set(url: string, answer: SmallAnswer): void {
    this.delete(url);
    this.#answers.set(url, answer);
    this.#unwritten.add(url);
    this.#bytes += answer.body.byteLength;
    this.#unwrittenBytes += answer.body.byteLength;
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= this.maxBytes) return;
      this.delete(oldest);
    }
  }

  /** The next answer for the disk, which counts as written from now on. */
  takeUnwritten(): [url: string, answer: SmallAnswer] | undefined {
    const [url] = this.#unwritten;
    const answer = url === undefined ? undefined : this.#answers.get(url);
    if (url === undefined || answer === undefined) return undefined;
    this.#unwritten.delete(url);
    this.#unwrittenBytes -= answer.body.byteLength;
    return [url, answer];
  }

  delete(url: string): void {
    const size = this.#answers.get(url)?.body.byteLength ?? 0;
    this.#answers.delete(url);
    this.#bytes -= size;
    if (this.#unwritten.delete(url)) this.#unwrittenBytes -= size;
  }

  clear(): void {
    this.#answers.clear();
    this.#unwritten.clear();
    this.#bytes = this.#unwrittenBytes = 0;
  }
}
