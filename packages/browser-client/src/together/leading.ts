import { readPlace, type Fraction, type Place } from '@wingman/protocol';
import type { FollowedFrame } from './api.js';

/** Where the page in the frame is: path, query and fragment; undefined for another site's page. */
export function pathOf({ url }: Pick<FollowedFrame, 'url'>): string | undefined {
  if (url === undefined) return undefined;
  const { pathname, search, hash } = new URL(url);
  return pathname + search + hash;
}

/** Sees where the tab that leads is. */
export class Leading {
  /** A frame has one window for all of its documents. */
  readonly #watched = new WeakSet<Document>();
  #pointer: Fraction | null = null;

  constructor(private readonly frame: FollowedFrame) {}

  /** Undefined where nobody can follow: another site's page, or one with a very long address. */
  get place(): Place | undefined {
    const { window } = this.frame;
    if (window === undefined) return undefined;
    this.#watch(window);
    return readPlace({
      path: pathOf(this.frame),
      scroll: scrolled(window),
      pointer: this.#pointer,
    });
  }

  #watch(window: Window): void {
    if (this.#watched.has(window.document)) return;
    this.#watched.add(window.document);
    this.#pointer = null;
    const options = { passive: true, capture: true };
    const moved = (event: PointerEvent): void => {
      this.#pointer = onPage(window, event);
    };
    window.addEventListener('pointermove', moved, options);
    window.document.documentElement.addEventListener('pointerleave', () => (this.#pointer = null));
  }
}

/** How far a page is scrolled, of what can be scrolled. */
function scrolled({ document, innerWidth, innerHeight, scrollX, scrollY }: Window): Fraction {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return [part(scrollX, scrollWidth - innerWidth), part(scrollY, scrollHeight - innerHeight)];
}

function onPage({ document, scrollX, scrollY }: Window, event: PointerEvent): Fraction {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return [part(event.clientX + scrollX, scrollWidth), part(event.clientY + scrollY, scrollHeight)];
}

/** To four digits: less than a pixel on the longest pages that people read. */
function part(of: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.round(Math.min(Math.max(of / whole, 0), 1) * 1e4) / 1e4;
}
