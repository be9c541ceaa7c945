import { PAGE_PATH_HEADER, within, type ResponseHead } from '@wingman/protocol';
import { ask, type ReplyPort } from '@wingman/protocol/ports';
import { clearsSiteData } from '@wingman/web-policy';
import type { HeaderPair } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { fromHeaderBytes, toHeaderBytes, type PageCookies } from '../shared/page-cookies.js';
import type { SiteDataChange } from '../shared/worker-messages.js';

/** Asks the shell to make a change; the answer is what the page sees then. */
export type AskToChange = (change: SiteDataChange, reply: ReplyPort<PageCookies>) => void;

/** The cookies that the tab's pages see, and the way to give the pages new ones. */
export class TabCookies {
  #page: PageCookies;

  constructor(
    page: PageCookies,
    private readonly ask: AskToChange,
  ) {
    this.#page = page;
  }

  /** A page sees these now. */
  update(page: PageCookies): void {
    this.#page = page;
  }

  /** The fields for a request that leaves now. */
  headers(): HeaderPair[] {
    const { text, path } = this.#page;
    const pagePath: HeaderPair = [PAGE_PATH_HEADER, path];
    return text === '' ? [pagePath] : [['cookie', toHeaderBytes(text)], pagePath];
  }

  /**
   * Has the answer's cookies written, and storage cleared where it says so (the app's own answers only),
   * and resolves when scripts see that. A page that blocks its
   * thread (a synchronous XMLHttpRequest does) sees them later: it must not wait for itself.
   */
  async store({ headers }: Pick<ResponseHead, 'headers'>, isOfApp = true): Promise<void> {
    const fields = headers.filter(({ name }) => name === 'set-cookie');
    // The host clears "cookies", and the service worker its HTTP cache.
    const clears = isOfApp && clearsSiteData(headers, 'storage');
    if (fields.length === 0 && !clears) return;
    const lines = fields.map(({ value }) => fromHeaderBytes(value));
    const post = (reply: ReplyPort<PageCookies>): void => this.ask({ lines, clears }, reply);
    const seen = ask(post, { deadlineMs: BROWSER_LIMITS.lateAnswerMs }).then(
      (page) => this.update(page),
      // The page is gone, or blocked for good.
      () => undefined,
    );
    await within(seen, BROWSER_LIMITS.cookieWriteMs);
  }
}
