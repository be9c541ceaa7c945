import type { Place } from '@wingman/protocol';
import type { FollowedFrame } from './api.js';
import { pathOf } from './leading.js';

/** Brings this tab to where the one that leads is. */
export class Following {
  #place: Place | undefined;
  /** What was last scrolled, and to where: whoever scrolls on alone is left alone. */
  #done: { document: Document | undefined; where: string } | undefined;

  constructor(
    private readonly frame: FollowedFrame,
    private readonly origin: string,
  ) {}

  /** A new path is gone to once: where the app then leads this viewer is the app's to say. */
  follow(place: Place): void {
    const isNew = place.path !== this.#place?.path;
    this.#place = place;
    if (isNew && pathOf(this.frame) !== place.path) this.#goTo(place.path);
  }

  /** Scrolls the page as far as it should be, as soon as there is one, and again when it has grown. */
  keepUp(): void {
    const { window } = this.frame;
    if (window === undefined || this.#place === undefined || !this.#isThere) return;
    const { document, innerHeight, innerWidth } = window;
    if (document.readyState === 'loading') return;
    const { scrollHeight, scrollWidth } = document.documentElement;
    const [x, y] = this.#place.scroll;
    const range = [scrollWidth - innerWidth, scrollHeight - innerHeight] as const;
    const where = JSON.stringify([x, y, range]);
    if (this.#done?.document === document && this.#done.where === where) return;
    this.#done = { document, where };
    window.scrollTo({ left: x * range[0], top: y * range[1], behavior: 'instant' });
  }

  /** Where the pointer is in the window, in CSS pixels; undefined when there is none to show. */
  get pointer(): { x: number; y: number } | undefined {
    const { window } = this.frame;
    const pointer = this.#place?.pointer ?? null;
    if (window === undefined || pointer === null || !this.#isThere) return undefined;
    const { scrollHeight, scrollWidth } = window.document.documentElement;
    return {
      x: pointer[0] * scrollWidth - window.scrollX,
      y: pointer[1] * scrollHeight - window.scrollY,
    };
  }

  get #isThere(): boolean {
    return pathOf(this.frame) === this.#place?.path;
  }

  /** A GET of a page of this origin, and nothing else. */
  #goTo(path: string): void {
    const { href, origin, protocol } = new URL(path, this.origin);
    if (origin !== this.origin || !/^https?:$/.test(protocol)) return;
    if (this.frame.window === undefined) this.frame.load(href);
    else this.frame.go(href, false);
  }
}
