import { eventually } from '../support/program.js';
import { CHANGE_DEADLINE_MS, RENDER_DEADLINE_MS } from './puppeteer-tab.js';
import type { Doc, Place, Tab } from './tab.js';

const QUIET_MS = 1_500;

/** A page of the app, open in a browser: on localhost, or inside the shell. */
export class Visit {
  private constructor(
    readonly tab: Tab,
    readonly url: URL,
  ) {}

  static async open(tab: Tab, url: URL): Promise<Visit> {
    await tab.goto(url.href);
    return new Visit(tab, url);
  }

  get origin(): string {
    return this.url.origin;
  }

  /** Console errors and uncaught exceptions so far, with the app's origin written as `<app>`. */
  get errors(): string[] {
    return this.tab.errors.map((text) => this.#neutral(text));
  }

  /** The same page in another tab. */
  async twin(): Promise<Visit> {
    return Visit.open(await this.tab.another(), this.url);
  }

  /** The tab that something opens, with a page of the app in it. */
  async opens(act: () => Promise<void>): Promise<Visit> {
    const before = await this.tab.all();
    await act();
    const tab = await eventually('a new tab', async () => {
      const fresh = [...(await this.tab.all())].find(([key]) => !before.has(key));
      return fresh?.[1]();
    });
    return new Visit(tab, this.url);
  }

  close(): Promise<void> {
    return this.tab.close();
  }

  /** The app's own top document. */
  get root(): Doc {
    return this.tab.app;
  }

  /** Waits for the app to show a text, in its document or a frame of it; resolves with that frame. */
  shows(text: string, milliseconds = CHANGE_DEADLINE_MS): Promise<Doc> {
    return this.#find(`the page shows “${text}”`, (frame) => hasText(frame, text), milliseconds);
  }

  /** The same for the first text after opening. */
  renders(text: string): Promise<Doc> {
    return this.shows(text, RENDER_DEADLINE_MS);
  }

  /** Everything it shows now. */
  async text(): Promise<string> {
    const read = (frame: Doc): Promise<string> => frame.evaluate(() => document.body.innerText);
    return (await Promise.all((await this.tab.documents()).map(read))).join('\n');
  }

  /** Its document's state and body. */
  async html(): Promise<string> {
    return this.root.evaluate(() => `${document.readyState}: ${document.body.outerHTML}`);
  }

  /** Waits for an element; resolves with the frame that has it. */
  has(selector: string, milliseconds = CHANGE_DEADLINE_MS): Promise<Doc> {
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
    await this.tab.fill(frame, selector, text);
  }

  /** Clicks an element once, with the mouse, when it is there to be clicked. */
  async press(selector: string): Promise<void> {
    const frame = await this.has(selector);
    await this.tab.press(frame, selector);
  }

  /** Clicks the smallest element that has a text. */
  async pressText(text: string): Promise<void> {
    const frame = await this.shows(text);
    await this.tab.pressText(frame, text);
  }

  /** Drags an element with the mouse to the middle of another one, or beside it by that many pixels. */
  async drag(from: string, to: string, [right, down] = [0, 0]): Promise<void> {
    const place = async (selector: string): Promise<Place> => ({
      doc: await this.has(selector),
      selector,
    });
    await this.tab.drag(await place(from), await place(to), [right, down]);
  }

  /** Does something again and again until the page has an element: it may be there before its scripts. */
  async until(selector: string, act: () => Promise<void>): Promise<Doc> {
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
    await frame.evaluate(
      (wanted, title, content) => {
        const field = document.querySelector<HTMLInputElement>(wanted);
        const files = new DataTransfer();
        files.items.add(new File([content], title));
        if (field !== null) field.files = files.files;
        field?.dispatchEvent(new Event('change', { bubbles: true }));
      },
      selector,
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

  /**
   * Waits until the sockets that a page has made are open: a dev server tells of an update whoever listens at that moment,
   * and nobody later. A page may show all of itself before.
   */
  async listens(): Promise<void> {
    const areOpen = (): boolean => {
      const { madeSockets = [] } = window as unknown as { madeSockets?: WebSocket[] };
      return madeSockets.every(({ readyState }) => readyState !== WebSocket.CONNECTING);
    };
    await eventually('the page’s sockets', () => this.root.evaluate(areOpen), CHANGE_DEADLINE_MS);
  }

  /** Opens another page of the app, as a link would. */
  async go(path: string): Promise<void> {
    await this.root.evaluate((to) => location.assign(to), path);
  }

  async #find(
    what: string,
    look: (frame: Doc) => Promise<boolean>,
    milliseconds: number,
  ): Promise<Doc> {
    return eventually(
      what,
      async () => {
        for (const frame of await this.tab.documents()) {
          if (await look(frame).catch(() => false)) return frame;
        }
        return undefined;
      },
      milliseconds,
    );
  }

  /** The same error on localhost and through the tunnel reads alike. */
  #neutral(text: string): string {
    return text
      .replaceAll(this.origin, '<app>')
      .replace(/\?[tv_]=\w+/g, '')
      .replace(/\b[0-9a-f]{32}\b/g, '<id>');
  }
}

function hasText(frame: Doc, text: string): Promise<boolean> {
  return frame.evaluate((wanted) => document.body.innerText.includes(wanted), text);
}

/** A script's click: it works wherever the element is and whatever covers it. */
export function click(frame: Doc, selector: string): Promise<void> {
  return frame.evaluate((wanted) => document.querySelector<HTMLElement>(wanted)?.click(), selector);
}
