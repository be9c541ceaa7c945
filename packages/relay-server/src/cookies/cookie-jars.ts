import { pathMatch } from 'tough-cookie';
import { HOST_LIMITS } from '../limits.js';
import type { AppCookie } from './set-cookie.js';

/**
 * The cookies the app has given to one viewer (RFC 6265 section 5.3, for one host). Those that
 * scripts may see live in the browser too, which has the last word on them.
 */
export class ViewerJar {
  readonly #cookies = new Map<string, AppCookie>();
  #bytes = 0;

  /** Stores, replaces or, with a date in the past, deletes; returns what was there before. */
  put(cookie: AppCookie): AppCookie | undefined {
    const id = idOf(cookie);
    const before = this.#cookies.get(id);
    if (cookie.expiresAt <= cookie.storedAt) {
      this.delete(cookie);
      return before;
    }
    this.#bytes += sizeOf(cookie) - (before === undefined ? 0 : sizeOf(before));
    // A cookie that is replaced keeps its place, because the order is that of creation (section 5.3, step 11.3).
    this.#cookies.set(id, cookie);
    this.#evict(id);
    return before;
  }

  delete(cookie: Pick<AppCookie, 'name' | 'path'>): void {
    const before = this.#cookies.get(idOf(cookie));
    if (before === undefined) return;
    this.#cookies.delete(idOf(cookie));
    this.#bytes -= sizeOf(before);
  }

  /** Every cookie that has not expired, longer paths first (section 5.4, step 2). */
  all(now: number): AppCookie[] {
    for (const cookie of [...this.#cookies.values()]) {
      if (cookie.expiresAt <= now) this.delete(cookie);
    }
    return [...this.#cookies.values()].sort((one, two) => two.path.length - one.path.length);
  }

  #evict(newest: string): void {
    for (const [id, cookie] of this.#cookies) {
      const isFull =
        this.#cookies.size > HOST_LIMITS.cookiesPerJar || this.#bytes > HOST_LIMITS.cookieJarBytes;
      if (!isFull) return;
      if (id !== newest) this.delete(cookie);
    }
  }
}

/** The jars of all viewers, by the viewer's id; they live as long as this host. */
export class CookieJars {
  readonly #jars = new Map<string, ViewerJar>();

  /** `now` is in milliseconds since 1970. */
  constructor(readonly now: () => number = Date.now) {}

  get size(): number {
    return this.#jars.size;
  }

  /** The viewer's jar; undefined before its first cookie. */
  find(viewer: string): ViewerJar | undefined {
    const jar = this.#jars.get(viewer);
    if (jar !== undefined) this.#touch(viewer, jar);
    return jar;
  }

  /** The viewer's jar, made if need be. */
  open(viewer: string): ViewerJar {
    const jar = this.find(viewer) ?? new ViewerJar();
    this.#touch(viewer, jar);
    const [oldest] = this.#jars.keys();
    if (this.#jars.size > HOST_LIMITS.cookieJars && oldest !== undefined) this.#jars.delete(oldest);
    return jar;
  }

  #touch(viewer: string, jar: ViewerJar): void {
    this.#jars.delete(viewer);
    this.#jars.set(viewer, jar);
  }
}

/** Whether a cookie goes with requests to a path (RFC 6265 section 5.1.4). */
export function covers(cookie: AppCookie, path: string): boolean {
  return pathMatch(path, cookie.path);
}

/** A cookie is its name and its path; names hold no semicolon. */
function idOf({ name, path }: Pick<AppCookie, 'name' | 'path'>): string {
  return `${name};${path}`;
}

function sizeOf({ name, value, path }: AppCookie): number {
  return name.length + value.length + path.length;
}
