import { BROWSER_LIMITS } from '../shared/limits.js';

/**
 * Hands messages on to the app that were posted to this tab, because openers and frames within the app
 * know the tab's window only. Messages that come before the first page has loaded wait for it.
 */
export class MessageRelay {
  #waiting: MessageEvent[] | undefined = [];

  /** `app` is the app's window; undefined while it can't be reached. */
  constructor(
    private readonly tab: Window,
    private readonly app: () => (Window & typeof globalThis) | undefined,
  ) {
    tab.addEventListener('message', (event) => this.#take(event));
  }

  /** The app listens now. */
  loaded(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waiting) this.#hand(event);
  }

  #take(event: MessageEvent): void {
    if (this.#waiting === undefined) return this.#hand(event);
    if (this.#waiting.length < BROWSER_LIMITS.maxEarlyMessages) this.#waiting.push(event);
  }

  #hand({ data, origin, source, ports, lastEventId }: MessageEvent): void {
    const app = this.app();
    if (app === undefined) return;
    // The browser would have made the clone in the app's realm. Ports can't be cloned.
    const own: unknown = ports.length === 0 ? app.structuredClone(data) : data;
    const message = { data: own, origin, ports: [...ports], lastEventId };
    const relayed = new app.MessageEvent('message', message);
    // Firefox's constructor takes no window of another site. The app knows its opener by a stand-in.
    const shown: unknown = source === this.tab.opener ? app.opener : source;
    Object.defineProperty(relayed, 'source', { value: shown, enumerable: true });
    app.dispatchEvent(relayed);
  }
}
