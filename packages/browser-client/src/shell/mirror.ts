import type { DocumentReport } from '../shared/shell-api.js';

const MAX_ICON_BYTES = 256 * 1024;

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
    if (report.icon === undefined || this.#icon === report.icon) return;
    this.#icon = report.icon;
    void this.#showIcon(report.icon);
  }

  /** For documents that can't report: what can be seen from outside. */
  showUrlAndTitle(url: string, title: string): void {
    this.#showUrl(url);
    if (title !== '' && this.page.title !== title) this.page.title = title;
  }

  /** The frame's own history has the entries; the address bar only follows. */
  #showUrl(href: string): void {
    const { location, history } = this.window;
    const url = new URL(href, location.href);
    if (url.origin !== location.origin || url.href === location.href) return;
    history.replaceState(history.state, '', url.href);
  }

  #showThemeColor(color: string | null): void {
    const existing = this.page.querySelector<HTMLMetaElement>('meta[name="theme-color"]');
    if (color === null) return existing?.remove();
    const meta = existing ?? this.page.head.appendChild(this.page.createElement('meta'));
    meta.name = 'theme-color';
    meta.content = color;
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
