import { MessageRelay } from './message-relay.js';
import { keepTopNavigations } from './top-navigation.js';

/** About the width of A4 and Letter between usual margins, in CSS pixels: pages say it to nobody. */
const PAPER_WIDTH = 700;

/** Permissions that a top-level page could ask for, handed on to the app. */
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
  /** A document has loaded, whatever it is. */
  onLoad: (frame: AppFrame) => void;
}

/** The frame the app lives in; of our origin, so that it can be looked into. */
export class AppFrame {
  readonly #element: HTMLIFrameElement;

  constructor(tab: Window, events: FrameEvents) {
    const { document: page } = tab;
    const relay = new MessageRelay(tab, () => this.window);
    // From the page itself and with a name: browsers find it again when the tab goes back past a reload.
    const element = page.querySelector<HTMLIFrameElement>('iframe#wingman-app');
    if (element === null) throw new Error('the shell has no frame');
    element.allow = ALLOW.join('; ');
    // The first page of a tab has no referrer; without this it would be the page itself.
    element.referrerPolicy = 'no-referrer';
    element.addEventListener('load', () => {
      if (this.url === undefined) return;
      relay.loaded();
      events.onLoad(this);
    });
    this.#element = element;
    keepTopNavigations(tab, this);
    printApp(tab, this);
  }

  /** The app's window; undefined while another site's document is in it. */
  get window(): (Window & typeof globalThis) | undefined {
    return this.document?.defaultView ?? undefined;
  }

  /** Goes where the app has sent the tab, as a page of its own would: with an entry in the history. */
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

  /** A page of ours that says that the host was away has done its duty. */
  retryProblem(): void {
    if (this.showsProblem) this.reload();
  }

  reload(): void {
    this.#element.contentWindow?.location.reload();
  }

  /** Ends the app in this tab. */
  remove(): void {
    this.#element.remove();
  }

  /** As high as its page would be on paper of this width, in CSS pixels; nothing while that isn't known. */
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
    this.#element.focus({ preventScroll: true });
    this.#element.contentWindow?.focus();
  }

  /** The document shown; undefined before the first one, and for other sites' documents. */
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

  /** Whether what is shown is a page of ours that says what is wrong. */
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
 * Has the app printed and not the page around it. Where the browser prints the tab all the same (from
 * its menu), the frame is made as high as what is in it: of a frame no more is printed than is seen.
 */
function printApp(tab: Window, frame: AppFrame): void {
  tab.print = () => frame.window?.print();
  tab.addEventListener('beforeprint', () => frame.stretch(PAPER_WIDTH));
  tab.addEventListener('afterprint', () => frame.unstretch());
}
