import { HOST_LIMITS } from '../limits.js';
import { ViewerJar } from './viewer-jar.js';

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
