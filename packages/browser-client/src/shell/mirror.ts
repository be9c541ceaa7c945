import { isFramed } from '../shared/framed.js';
import type { DocumentReport } from '../shared/shell-api.js';
import type { AppFrame } from './app-frame.js';
import { localPort } from '../shared/loopback.js';
import type { ShellParts } from './window-api.js';

const MAX_ICON_BYTES = 256 * 1024;

/** The viewport that phones give to a page without one: 980 CSS pixels, scaled down to fit. */
const NO_VIEWPORT = 'width=980';

/** Shows the app's URL, title, icon and theme colour as those of the top-level page. */
export class Mirror {
  #icon: string | null | undefined;

  constructor(
    private readonly page: Document,
    private readonly window: Window,
    private readonly shell: Pick<ShellParts, 'tunnel' | 'serviceWorker'>,
    /** The icon waits for the app's first paint. */
    private readonly painted: Promise<void>,
  ) {}

  show(report: DocumentReport): void {
    this.#showUrl(report.url);
    if (this.page.title !== report.title) this.page.title = report.title;
    this.#showThemeColor(report.themeColor);
    if (report.viewport !== undefined) this.#showViewport(report.viewport ?? NO_VIEWPORT);
    if (report.icon === undefined || this.#icon === report.icon) return;
    this.#icon = report.icon;
    void this.#showIcon(report.icon);
  }

  /** Shows URL and title of a document that can't report, such as an image. */
  showLoaded({ document, showsProblem, url }: AppFrame): void {
    if (document === undefined || url === undefined || showsProblem) return;
    this.#showUrl(url);
    if (this.page.title !== document.title) this.page.title = document.title;
  }

  /** Replaces the URL in the address bar. The entries are in the frame's own history. */
  #showUrl(href: string): void {
    const { location, history } = this.window;
    const url = new URL(href, location.href);
    // A blob: URL has our origin, but browsers refuse it in the address bar.
    const isOurs = url.origin === location.origin && url.protocol === location.protocol;
    // The address of a frame is seen by nobody, and says that the page has its shell there.
    if (!isOurs || url.href === location.href || isFramed(location.pathname)) return;
    history.replaceState(history.state, '', url.href);
  }

  #showThemeColor(color: string | null): void {
    const existing = this.page.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
    if (color === null) return existing?.remove();
    const meta = existing ?? this.page.head.appendChild(this.page.createElement('meta'));
    meta.name = 'theme-color';
    meta.content = color;
  }

  /** Phones obey the viewport of the top-level page only; other browsers obey none. */
  #showViewport(content: string): void {
    const meta = this.page.querySelector<HTMLMetaElement>('meta[name="viewport"]');
    if (meta !== null && meta.content !== content) meta.content = content;
  }

  /**
   * Fetches the icon itself, because browsers fetch icons without asking the service worker. Another site's icon is
   * the browser's to fetch, as it is without a tunnel.
   */
  async #showIcon(url: string | null): Promise<void> {
    const isForeign = url !== null && /^https?:/.test(url) && !this.#isOurs(url);
    const data = isForeign ? url : await this.#fetchIcon(url ?? '/favicon.ico');
    if (this.#icon !== url) return;
    const link =
      this.page.querySelector<HTMLLinkElement>('link[rel="icon"]') ??
      this.page.head.appendChild(this.page.createElement('link'));
    link.rel = 'icon';
    link.href = data ?? 'data:,';
  }

  #isOurs(href: string): boolean {
    const url = new URL(href, this.window.location.href);
    return (
      url.origin === this.window.location.origin ||
      localPort(url, this.window.location) !== undefined
    );
  }

  async #fetchIcon(url: string): Promise<string | undefined> {
    return (await this.#mayFetch()) ? fetchIcon(url) : undefined;
  }

  /** A tab with a tunnel sends nothing past it, as a page would that no service worker has taken over yet. */
  async #mayFetch(): Promise<boolean> {
    await this.painted;
    const { tunnel, serviceWorker } = this.shell;
    return tunnel === undefined || (await serviceWorker?.controls()) === true;
  }
}

async function fetchIcon(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url);
    const blob = await response.blob();
    const isIcon = response.ok && blob.type.startsWith('image/') && blob.size <= MAX_ICON_BYTES;
    return isIcon ? await dataUrl(blob) : undefined;
  } catch {
    return undefined;
  }
}

function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(new Error('unreadable icon', { cause: reader.error }));
    reader.readAsDataURL(blob);
  });
}
