import { BROWSER_LIMITS } from '../shared/limits.js';
import type { ServiceWorkerHost } from './service-worker-host.js';
import type { TunnelClient } from './tunnel-client.js';

/**
 * Starts what `<a download>` asks for, each in a frame of its own: Chromium shows such a request to no
 * service worker, and the navigation of a frame it does.
 */
export class DownloadFrames {
  readonly #frames: HTMLIFrameElement[] = [];

  constructor(
    private readonly page: Document,
    private readonly serviceWorker: () => ServiceWorkerHost | undefined,
    private readonly tunnel: () => TunnelClient | undefined,
  ) {}

  async start(url: string, name: string): Promise<void> {
    this.tunnel()?.announceDownload(url, name);
    await this.serviceWorker()?.expect(url);
    const frame = this.page.createElement('iframe');
    frame.hidden = true;
    frame.src = url;
    this.#frames.push(frame);
    if (this.#frames.length > BROWSER_LIMITS.maxDownloads) this.#frames.shift()?.remove();
    this.page.body.append(frame);
  }
}
