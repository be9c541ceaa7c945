import { BoundedMap, headerValue, type Clock, type Header } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** What a viewer's browser has of a URL. */
export interface Held {
  readonly etag: string;
  /** Until then the browser uses it unasked; milliseconds of the clock. */
  readonly freshUntil: number;
}

/** What the URLs of an app import, and what each browser has of them. */
export class PushMemory {
  /** By target: the targets that the code with this validator imports. */
  readonly #graph = new BoundedMap<string, { etag: string; imports: readonly string[] }>(
    HOST_LIMITS.pushGraph,
  );
  readonly #held = new BoundedMap<string, Held>(HOST_LIMITS.pushHeld);

  readonly #known = new BoundedMap<string, true>(HOST_LIMITS.pushGraph);
  /** Browsers that have asked for a service worker of the app. */
  readonly #withWorker = new BoundedMap<string, true>(HOST_LIMITS.pushGraph);

  constructor(private readonly clock: Clock) {}

  /** Whether a browser has been sent code before. */
  knows(viewer: string): boolean {
    return this.#known.get(viewer) === true;
  }

  /** The app has a service worker of its own in this browser, and that may have the answers to what a page asks. */
  hasWorker(viewer: string): boolean {
    return this.#withWorker.get(viewer) === true;
  }

  noteWorker(viewer: string): void {
    this.#withWorker.set(viewer, true);
  }

  /** A browser gets this answer of status 200, whose code has these imports. */
  note(
    viewer: string,
    target: string,
    headers: readonly Header[],
    imports: readonly string[],
  ): void {
    this.#known.set(viewer, true);
    const etag = headerValue(headers, 'etag');
    const key = keyOf(viewer, target);
    const lifetime = lifetimeOf(headers);
    if (etag === undefined || lifetime === undefined) return this.#held.delete(key);
    this.#graph.set(target, { etag, imports });
    this.#held.set(key, { etag, freshUntil: this.clock.now() + lifetime });
  }

  held(viewer: string, target: string): Held | undefined {
    return this.#held.get(keyOf(viewer, target));
  }

  isFresh({ freshUntil }: Held): boolean {
    return freshUntil > this.clock.now();
  }

  /** What the code with this validator imports; none where that is not known. */
  importsOf(target: string, etag: string): readonly string[] {
    const known = this.#graph.get(target);
    return known?.etag === etag ? known.imports : [];
  }
}

function keyOf(viewer: string, target: string): string {
  return `${viewer} ${target}`;
}

/** Milliseconds for which a browser uses an answer unasked (RFC 9111 section 4.2.1); undefined where it keeps none. */
function lifetimeOf(headers: readonly Header[]): number | undefined {
  const told = headerValue(headers, 'cache-control')?.toLowerCase() ?? '';
  if (told.includes('no-store')) return undefined;
  if (told.includes('no-cache')) return 0;
  return Number(/max-age=(\d+)/.exec(told)?.[1] ?? 0) * 1000;
}
