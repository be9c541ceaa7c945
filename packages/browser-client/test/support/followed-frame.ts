import type { FollowedFrame } from '../../src/together/api.js';

/** A page as long as five windows, in a frame; what is done to it is noted. */
export class FakeFrame implements FollowedFrame {
  url: string | undefined;
  isForeign = false;
  readonly went: string[] = [];
  readonly scrolls: { left: number; top: number }[] = [];
  scroll = { x: 0, y: 0 };
  readyState = 'complete';
  size = { width: 1_000, height: 4_000 };
  document: { listeners: Map<string, () => void> } = { listeners: new Map() };
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor(url = 'https://s.example/') {
    this.url = url;
  }

  get window(): Window | undefined {
    if (this.isForeign) return undefined;
    const { readyState, size, scroll, scrolls } = this;
    const { listeners } = this.document;
    const documentElement = {
      scrollWidth: size.width,
      scrollHeight: size.height,
      addEventListener: (name: string, listener: () => void) => listeners.set(name, listener),
    };
    const page = Object.assign(this.document, { readyState, documentElement });
    const window = {
      document: page,
      innerWidth: 1_000,
      innerHeight: 800,
      scrollX: scroll.x,
      scrollY: scroll.y,
      addEventListener: (name: string, listener: (event: object) => void) =>
        this.#listeners.set(name, listener),
      scrollTo: ({ left, top }: { left: number; top: number }) => scrolls.push({ left, top }),
    };
    return window as unknown as Window;
  }

  /** The pointer is moved over the page, to a point of the window. */
  point(clientX: number, clientY: number): void {
    this.#listeners.get('pointermove')?.({ clientX, clientY });
  }

  go(url: string): void {
    this.went.push(url);
    this.show(url);
  }

  load(url: string): void {
    this.went.push(`load ${url}`);
    this.show(url);
  }

  /** Another document comes. */
  show(url: string): void {
    this.url = url;
    this.isForeign = false;
    this.document = { listeners: new Map() };
  }
}
