import type { DocumentReport } from '../shared/shell-api.js';
import type { AppFrame } from './app-frame.js';

const MAX_ICON_BYTES = 256 * 1024;

/** What phones do with a page that says nothing: CSS pixels, and as small as it takes to fit. */
const NO_VIEWPORT = 'width=980';

/** Shows the app's URL, title, icon and theme colour as those of the top-level page. */
export class Mirror {
  #icon: string | null | undefined;

  constructor(
    private readonly page: Document,
    private readonly window: Window,
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

  /** For documents that can't report, images and the like: what can be seen from outside. */
  showLoaded({ document, showsProblem, url }: AppFrame): void {
    if (document === undefined || url === undefined || showsProblem) return;
    this.#showUrl(url);
    if (this.page.title !== document.title) this.page.title = document.title;
  }

  /** The frame's own history has the entries; the address bar only follows. */
  #showUrl(href: string): void {
    const { location, history } = this.window;
    const url = new URL(href, location.href);
    // The origin of a blob: URL is ours, and the browser refuses it here all the same.
    const isOurs = url.origin === location.origin && url.protocol === location.protocol;
    if (!isOurs || url.href === location.href) return;
    history.replaceState(history.state, '', url.href);
  }

  #showThemeColor(color: string | null): void {
    const existing = this.page.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
    if (color === null) return existing?.remove();
    const meta = existing ?? this.page.head.appendChild(this.page.createElement('meta'));
    meta.name = 'theme-color';
    meta.content = color;
  }

  /** Phones look at the top page's only; others at none. */
  #showViewport(content: string): void {
    const meta = this.page.querySelector<HTMLMetaElement>('meta[name="viewport"]');
    if (meta !== null && meta.content !== content) meta.content = content;
  }

  /** Browsers fetch icons past the service worker, which would be past the tunnel: so we fetch it. */
  async #showIcon(url: string | null): Promise<void> {
    const data = await fetchIcon(url ?? '/favicon.ico');
    if (this.#icon !== url) return;
    const link =
      this.page.querySelector<HTMLLinkElement>('link[rel="icon"]') ??
      this.page.head.appendChild(this.page.createElement('link'));
    link.rel = 'icon';
    link.href = data ?? 'data:,';
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
