import type { Browser, ConsoleMessage, Frame, Page } from 'puppeteer-core';
import { eventually } from '../support/program.js';

/** A cold dev server on a busy machine compiles for a while. */
const RENDER_DEADLINE_MS = 90_000;
const CHANGE_DEADLINE_MS = 45_000;
const QUIET_MS = 1_500;
/** What editors need to show all of themselves. */
const DESKTOP = { width: 1280, height: 800 };
/** A page that drags by mouse events wants several of them on the way. */
const DRAG_STEPS = 8;

/** Firefox says this of what a page gives up or leaves unread of any service worker's answer, without a tunnel too. */
const OF_FIREFOX = 'A ServiceWorker intercepted the request and encountered an unexpected error';

/** A page of the app, open in a browser: on localhost, or inside the shell. */
export class Visit {
  readonly page: Page;
  /** Console errors and uncaught exceptions so far, with the app's origin written as `<app>`. */
  readonly errors: string[] = [];
  readonly origin: string;
  readonly #url: URL;
  readonly #isFramed: boolean;

  private constructor(page: Page, url: URL, isFramed: boolean) {
    this.page = page;
    this.#url = url;
    this.origin = url.origin;
    this.#isFramed = isFramed;
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(this.#describe(message));
    });
    page.on('pageerror', (error) => {
      const text = String(error);
      if (!text.includes(OF_FIREFOX)) this.errors.push(this.#neutral(text));
    });
  }

  /** `isFramed`: the URL is a session's, so the app is inside the shell. */
  static async open(browser: Browser, url: URL, isFramed: boolean): Promise<Visit> {
    const visit = new Visit(await browser.newPage(), url, isFramed);
    visit.page.setDefaultTimeout(RENDER_DEADLINE_MS);
    await visit.page.setViewport(DESKTOP);
    await visit.page.goto(url.href, { waitUntil: 'domcontentloaded', timeout: RENDER_DEADLINE_MS });
    return visit;
  }

  /** The same page in another tab. */
  twin(): Promise<Visit> {
    return Visit.open(this.page.browser(), this.#url, this.#isFramed);
  }

  /** The tab that something opens, with a page of the app in it. */
  async opens(act: () => Promise<void>): Promise<Visit> {
    const browser = this.page.browser();
    const before = new Set(await browser.pages());
    await act();
    const page = await eventually('a new tab', async () =>
      (await browser.pages()).find((tab) => !before.has(tab)),
    );
    return new Visit(page, this.#url, this.#isFramed);
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
  has(selector: string, milliseconds = CHANGE_DEADLINE_MS): Promise<Frame> {
    return this.#find(
      `the page has ${selector}`,
      (frame) => frame.evaluate((wanted) => document.querySelector(wanted) !== null, selector),
      milliseconds,
    );
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

  /** Types a text into a field, as a person does. */
  async fill(selector: string, text: string): Promise<void> {
    const frame = await this.has(selector);
    await frame.locator(selector).setTimeout(CHANGE_DEADLINE_MS).fill(text);
  }

  /** Clicks an element once, with the mouse, when it is there to be clicked. */
  async press(selector: string): Promise<void> {
    const frame = await this.has(selector);
    await frame.locator(selector).setTimeout(CHANGE_DEADLINE_MS).click();
  }

  /** Clicks the smallest element that has a text. */
  async pressText(text: string): Promise<void> {
    const frame = await this.shows(text);
    await frame.locator(`::-p-text(${text})`).setTimeout(CHANGE_DEADLINE_MS).click();
  }

  /** Drags an element with the mouse to the middle of another one, or beside it by that many pixels. */
  async drag(from: string, to: string, [right, down] = [0, 0]): Promise<void> {
    const start = await this.#middleOf(from);
    const end = await this.#middleOf(to);
    const { mouse } = this.page;
    await mouse.move(start.x, start.y);
    await mouse.down();
    await mouse.move(end.x + right, end.y + down, { steps: DRAG_STEPS });
    await mouse.up();
  }

  /** Does something again and again until the page has an element: it may be there before its scripts. */
  async until(selector: string, act: () => Promise<void>): Promise<Frame> {
    return eventually(
      `the page has ${selector} in the end`,
      async () => {
        await act();
        return this.has(selector, 3_000).catch(() => undefined);
      },
      CHANGE_DEADLINE_MS,
    );
  }

  /** Puts a file of that name and text into a file field. */
  async attach(selector: string, name: string, text: string): Promise<void> {
    const frame = await this.has(selector);
    await frame.$eval(
      selector,
      (field, ...[title, content]) => {
        const files = new DataTransfer();
        files.items.add(new File([content], title));
        (field as HTMLInputElement).files = files.files;
        field.dispatchEvent(new Event('change', { bubbles: true }));
      },
      name,
      text,
    );
  }

  /** Waits until a text is gone from the app's page. */
  async lacks(text: string): Promise<void> {
    const gone = async (): Promise<boolean> => !(await this.text()).includes(text);
    await eventually(`the page shows “${text}” no more`, gone, CHANGE_DEADLINE_MS);
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

  async #middleOf(selector: string): Promise<{ x: number; y: number }> {
    const frame = await this.has(selector);
    const element = await frame.$(selector);
    const box = await element?.boundingBox();
    if (!box) throw new Error(`${selector} is not to be seen`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
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
    return text
      .replaceAll(this.origin, '<app>')
      .replace(/\?[tv_]=\w+/g, '')
      .replace(/\b[0-9a-f]{32}\b/g, '<id>');
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
