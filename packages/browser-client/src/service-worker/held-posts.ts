import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { BoundedMap } from '@wingman/protocol';

/** A form that was posted to the top of a tab. The tab has to load the shell first. */
export interface HeldPost {
  readonly request: Request;
  readonly body: Blob;
}

/**
 * POSTs that wait for the shell they have opened: its frame's first navigation, a GET as the browser
 * sees it, is answered by them. Each is given out once; a reload of the tab is a POST of its own.
 */
export class HeldPosts {
  /** By the client id that the shell is going to have. */
  readonly #held = new BoundedMap<string, HeldPost>(SERVICE_WORKER_LIMITS.maxHeldPosts);
  /** The URLs that shells are about to load in place of their POST. */
  readonly #announced = new BoundedMap<string, string>(SERVICE_WORKER_LIMITS.maxHeldPosts);

  /** Resolves with false when the body is too large to be held. */
  async hold(clientId: string, request: Request): Promise<boolean> {
    const body = await request.blob();
    if (body.size > SERVICE_WORKER_LIMITS.heldPostBytes) return false;
    const post = { request, body };
    this.#held.set(clientId, post);
    setTimeout(() => {
      if (this.#held.get(clientId) === post) this.#held.delete(clientId);
    }, SERVICE_WORKER_LIMITS.heldPostMs);
    return true;
  }

  /** A shell that was opened by a POST says what its frame loads next. */
  announce(clientId: string, url: string): void {
    this.#announced.set(clientId, url);
  }

  /** Whether a shell has said that its frame loads this URL in place of a POST. */
  isAwaited(url: string): boolean {
    return [...this.#announced].some(([, announced]) => announced === url);
  }

  /** The POST behind a frame's navigation; undefined when there is none, `lost` when it is gone. */
  take(clientId: string, url: string): HeldPost | 'lost' | undefined {
    if (this.#announced.get(clientId) !== url) return undefined;
    this.#announced.delete(clientId);
    const post = this.#held.get(clientId) ?? 'lost';
    this.#held.delete(clientId);
    return post;
  }
}
