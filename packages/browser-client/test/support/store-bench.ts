import { AnswerStore, type BodySize } from '../../src/service-worker/answer-store.js';
import type { Validity } from '../../src/service-worker/validity.js';
import { FakeCaches } from './fake-caches.js';
import { FakeClock, settle } from './fake-clock.js';

export const ORIGIN = 'https://s.example';
export const NAME = 'wingman-1-http-s';
/** The disk here answers at once, however busy the machine is. */
export const LIMITS = {
  ...{ maxKeptAnswers: 3, keptAnswersBytes: 10, keptAnswerMs: 20_000 },
  ...{ smallAnswersBytes: 8, keptRestMs: 500, keptLatestMs: 2_000 },
};
export const VALIDITY: Validity = {
  ...{ bornAt: 1, freshUntil: 2, etag: 'W/"é"', lastModified: null },
  ...{ varied: [['accept', 'text/css']], isForAuthorized: false },
};

/** A store of answers on a disk and a clock that the test has in its hands. */
export class StoreBench {
  readonly caches = new FakeCaches();
  readonly clock = new FakeClock();
  store = this.reopen();

  /** The service worker starts again. */
  reopen(after: Promise<unknown> = Promise.resolve(), limits = LIMITS): AnswerStore {
    this.store = new AnswerStore(this.caches.asCaches, NAME, after, { limits, clock: this.clock });
    return this.store;
  }

  async keep(path: string, bytes = 1): Promise<void> {
    const response = new Response('x'.repeat(bytes));
    await this.store.keep(ORIGIN + path, response, VALIDITY, whole(bytes));
  }

  keepSmall(path: string, text = 'x', validity = VALIDITY): void {
    const body = new TextEncoder().encode(text);
    const head = { status: 200, statusText: '', headers: new Headers() };
    this.store.keepSmall(ORIGIN + path, { ...head, body }, validity);
  }

  smallText(path: string): string | undefined {
    const small = this.store.small(ORIGIN + path);
    return small && new TextDecoder().decode(small.body);
  }

  /** The page asks for nothing, and the disk has done what it was given. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 4; turn++) {
      await this.clock.advance(LIMITS.keptRestMs);
      await settled();
    }
  }
}

export async function settled(): Promise<void> {
  for (let step = 0; step < 8; step++) await settle();
}

export function whole(bytes: number): BodySize {
  return { told: bytes, isWhole: () => true, read: () => 0 };
}

/** An answer whose body ends when it is told to. */
export function held() {
  let end: () => void = () => undefined;
  const body = new ReadableStream({ start: (source) => void (end = () => source.close()) });
  const size = { told: 1, isWhole: () => false, read: () => 0 };
  return { response: new Response(body), size, end: () => end() };
}
