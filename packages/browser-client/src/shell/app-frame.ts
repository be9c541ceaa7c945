import { deferred, within } from '@wingman/protocol';
import { isFramed } from '../shared/framed.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { LocalAddresses } from '../shared/loopback.js';
import { MessageRelay } from './message-relay.js';
import { keepTopNavigations } from './top-navigation.js';

/** About the width of A4 and Letter between usual margins, in CSS pixels. No browser tells the real one. */
const PAPER_WIDTH = 700;

/** Permissions that a top-level page could ask for. The shell hands all of them on to the app. */
const ALLOW = [
  'accelerometer',
  'autoplay',
  'camera',
  'clipboard-read',
  'clipboard-write',
  'display-capture',
  'encrypted-media',
  'fullscreen *',
  'gamepad',
  'geolocation',
  'gyroscope',
  'hid',
  'idle-detection',
  'local-fonts',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'picture-in-picture',
  'publickey-credentials-create',
  'publickey-credentials-get',
  'screen-wake-lock',
  'serial',
  'storage-access',
  'usb',
  'window-management',
  'xr-spatial-tracking',
];

export interface FrameEvents {
  /** A document of our origin has loaded: a page, an image or anything else. */
  onLoad: (frame: AppFrame) => void;
}

/** The frame the app lives in. The app has the shell's origin, so the shell can look into the frame. */
export class AppFrame {
  /** As the app's documents have told it. */
  readonly addresses: LocalAddresses = { appPort: undefined, pageOrigins: new Map() };
  readonly #element: HTMLIFrameElement;
  readonly #tab: Window;
  /** Pages about a problem that are being reloaded. */
  readonly #reloading = new WeakSet<Document>();

  constructor(tab: Window, events: FrameEvents) {
    const { document: page } = tab;
    const relay = new MessageRelay(tab, () => this.window);
    // The frame is in the page's HTML and has a name: browsers find it again when the tab goes back past a reload.
    const element = page.querySelector<HTMLIFrameElement>('iframe#wingman-app');
    if (element === null) throw new Error('the shell has no frame');
    element.allow = ALLOW.join('; ');
    // The first page of a tab has no referrer. Without this line its referrer would be the shell.
    element.referrerPolicy = 'no-referrer';
    element.addEventListener('load', () => {
      if (this.url === undefined) return;
      relay.loaded();
      events.onLoad(this);
    });
    this.#element = element;
    this.#tab = tab;
    keepTopNavigations(tab, this);
    printApp(tab, this);
  }

  /** The app's window; undefined while another site's document is in it. */
  get window(): (Window & typeof globalThis) | undefined {
    return this.document?.defaultView ?? undefined;
  }

  /** Goes where the app has sent the tab. The history gets an entry, unless the new page replaces the old one. */
  go(url: string, replaces: boolean): void {
    const { location } = this.window ?? {};
    if (replaces) location?.replace(url);
    else location?.assign(url);
  }

  /** Loads a URL without a history entry of its own. */
  load(url: string): void {
    const { contentWindow } = this.#element;
    if (contentWindow === null || this.#element.src === '') this.#element.src = url;
    else contentWindow.location.replace(url);
  }

  /**
   * Reloads the frame if it shows our page about a problem, because the problem is over. A link that comes and goes says
   * so more than once, while the app is being asked: it is asked once.
   */
  retryProblem(): void {
    const { document } = this;
    if (document === undefined || !this.showsProblem || this.#reloading.has(document)) return;
    this.#reloading.add(document);
    this.reload();
  }

  reload(): void {
    this.#element.contentWindow?.location.reload();
  }

  /**
   * Resolves when the document in the frame has painted content. A deadline ends the wait: a hidden tab paints
   * nothing, and a page may stay empty.
   */
  async painted(): Promise<void> {
    const Observer = this.window?.PerformanceObserver;
    if (Observer === undefined) return;
    const seen = deferred<void>();
    const observer = new Observer((entries) => {
      if (entries.getEntriesByName('first-contentful-paint').length > 0) seen.resolve();
    });
    observer.observe({ type: 'paint', buffered: true });
    await within(seen.promise, BROWSER_LIMITS.firstPaintMs);
    observer.disconnect();
  }

  /** Ends the app in this tab. */
  remove(): void {
    this.#element.remove();
  }

  /** Makes the frame as high as its page would be on paper of this width, in CSS pixels. */
  stretch(paperWidth: number): void {
    const { style } = this.#element;
    style.width = `${paperWidth}px`;
    const height = this.document?.documentElement.scrollHeight;
    style.width = '';
    if (height !== undefined) style.setProperty('--printed', `${height}px`);
  }

  unstretch(): void {
    this.#element.style.removeProperty('--printed');
  }

  focus(): void {
    // A page of another port that has the shell in a frame keeps the focus.
    if (isFramed(this.#tab.location.pathname)) return;
    this.#element.focus({ preventScroll: true });
    this.#element.contentWindow?.focus();
  }

  /** The document in the frame; undefined before the first one, and for other sites' documents. */
  get document(): Document | undefined {
    try {
      return this.#element.contentDocument ?? undefined;
    } catch {
      return undefined;
    }
  }

  get url(): string | undefined {
    const href = this.document?.location.href;
    return href === undefined || href === 'about:blank' ? undefined : href;
  }

  /** Whether the frame shows our own page about a problem. */
  get showsProblem(): boolean {
    return (this.document?.querySelector('meta[name="wingman-problem"]') ?? null) !== null;
  }

  /** Moves the app to another fragment, as if the address bar were its own. */
  setHash(hash: string): void {
    const { document } = this;
    if (document === undefined || document.location.hash === hash) return;
    const url = new URL(document.location.href);
    url.hash = hash;
    document.location.replace(url.href);
  }
}

/**
 * Prints the app and not the page around it. The browser's menu prints the whole tab all the same. Browsers print
 * only the visible part of a frame, so the frame is then made as high as its page.
 */
function printApp(tab: Window, frame: AppFrame): void {
  tab.print = () => frame.window?.print();
  tab.addEventListener('beforeprint', () => frame.stretch(PAPER_WIDTH));
  tab.addEventListener('afterprint', () => frame.unstretch());
}
