import type { Browser, ConsoleMessage, Frame, Page } from 'puppeteer-core';
import { eventually } from '../support/program.js';

/** A cold dev server on a busy machine compiles for a while. */
const RENDER_DEADLINE_MS = 90_000;
const CHANGE_DEADLINE_MS = 45_000;
const QUIET_MS = 1_500;

/** A page of the app, open in a browser: on localhost, or inside the shell. */
export class Visit {
  readonly page: Page;
  /** Console errors and uncaught exceptions so far, with the app's origin written as `<app>`. */
  readonly errors: string[] = [];
  readonly origin: string;
  readonly #isFramed: boolean;

  private constructor(page: Page, url: URL, isFramed: boolean) {
    this.page = page;
    this.origin = url.origin;
    this.#isFramed = isFramed;
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(this.#describe(message));
    });
    page.on('pageerror', (error) => this.errors.push(this.#neutral(String(error))));
  }

  /** `isFramed`: the URL is a session's, so the app is inside the shell. */
  static async open(browser: Browser, url: URL, isFramed: boolean): Promise<Visit> {
    const visit = new Visit(await browser.newPage(), url, isFramed);
    visit.page.setDefaultTimeout(RENDER_DEADLINE_MS);
    await visit.page.goto(url.href, { waitUntil: 'domcontentloaded', timeout: RENDER_DEADLINE_MS });
    return visit;
  }

  close(): Promise<void> {
    return this.page.close();
  }

  /** The app's own top document. */
  get root(): Frame {
    const main = this.page.mainFrame();
    if (!this.#isFramed) return main;
    const frame = main.childFrames()[0];
    if (frame === undefined) throw new Error('the app’s frame is not there');
    return frame;
  }

  /** Waits for the app to show a text, in its document or a frame of it; resolves with that frame. */
  shows(text: string, milliseconds = CHANGE_DEADLINE_MS): Promise<Frame> {
    return this.#find(`the page shows “${text}”`, (frame) => hasText(frame, text), milliseconds);
  }

  /** The same for the first text after opening. */
  renders(text: string): Promise<Frame> {
    return this.shows(text, RENDER_DEADLINE_MS);
  }

  /** Everything it shows now. */
  async text(): Promise<string> {
    const read = (frame: Frame): Promise<string> => frame.evaluate(() => document.body.innerText);
    return (await Promise.all(withDescendants(this.root).map(read))).join('\n');
  }

  /** Its document's state and body. */
  async html(): Promise<string> {
    return this.root.evaluate(() => `${document.readyState}: ${document.body.outerHTML}`);
  }

  /** Waits for an element; resolves with the frame that has it. */
  has(selector: string): Promise<Frame> {
    const look = (frame: Frame): Promise<boolean> =>
      frame.evaluate((wanted) => document.querySelector(wanted) !== null, selector);
    return this.#find(`the page has ${selector}`, look, CHANGE_DEADLINE_MS);
  }

  /** Clicks an element again and again until a text shows: a page may be there before its scripts. */
  async clickUntil(selector: string, text: string): Promise<void> {
    await eventually(
      `a click on ${selector} shows “${text}”`,
      async () => {
        const frame = await this.has(selector);
        await click(frame, selector);
        return eventually('the answer', () => hasText(frame, text), 3_000).catch(() => undefined);
      },
      CHANGE_DEADLINE_MS,
    );
  }

  /** Waits until the app has loaded nothing more for a while: what it still loads when it is replaced, fails. */
  async isQuiet(): Promise<void> {
    let [loaded, since] = [-1, Date.now()];
    await eventually(
      'the page has loaded',
      async () => {
        const now = await this.root.evaluate(() =>
          document.readyState === 'complete' ? performance.getEntriesByType('resource').length : -1,
        );
        if (now !== loaded || now < 0) [loaded, since] = [now, Date.now()];
        return Date.now() - since > QUIET_MS;
      },
      CHANGE_DEADLINE_MS,
    );
  }

  /** Opens another page of the app, as a link would. */
  async go(path: string): Promise<void> {
    await this.root.evaluate((to) => location.assign(to), path);
  }

  async #find(
    what: string,
    look: (frame: Frame) => Promise<boolean>,
    milliseconds: number,
  ): Promise<Frame> {
    return eventually(
      what,
      async () => {
        for (const frame of withDescendants(this.root)) {
          if (await look(frame).catch(() => false)) return frame;
        }
        return undefined;
      },
      milliseconds,
    );
  }

  #describe(message: ConsoleMessage): string {
    const { url } = message.location();
    return this.#neutral(url === undefined ? message.text() : `${message.text()} (${url})`);
  }

  /** The same error on localhost and through the tunnel reads alike. */
  #neutral(text: string): string {
    return text.replaceAll(this.origin, '<app>').replace(/\?[tv]=\w+/g, '');
  }
}

function withDescendants(frame: Frame): Frame[] {
  return [frame, ...frame.childFrames().flatMap(withDescendants)];
}

function hasText(frame: Frame, text: string): Promise<boolean> {
  return frame.evaluate((wanted) => document.body.innerText.includes(wanted), text);
}

/** A script's click: it works wherever the element is and whatever covers it. */
export function click(frame: Frame, selector: string): Promise<void> {
  return frame.evaluate((wanted) => document.querySelector<HTMLElement>(wanted)?.click(), selector);
}
