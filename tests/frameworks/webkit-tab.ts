import type { Point, WebDriver, Where } from '../support/web-driver.js';
import { eventually } from '../support/program.js';
import type { Doc, Place, Tab } from './tab.js';

const CLICK_DEADLINE_MS = 45_000;
/** A cold dev server answers when it has compiled. */
const LOAD_DEADLINE_MS = 90_000;
/** The codes of keys that have no character (WebDriver section 15.4.2). */
const CODES = { Control: '\uE009', Delete: '\uE017', a: 'a' };

/** A document of WebKit, in a window of the driver's. */
class WebKitDoc implements Doc {
  constructor(
    private readonly driver: WebDriver,
    readonly where: Where,
  ) {}

  evaluate<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<Awaited<T>> {
    return this.driver.run(this.where, run, ...args) as Promise<Awaited<T>>;
  }
}

/** A tab of WebKit. Its driver tells nobody what the console says. */
export class WebKitTab implements Tab {
  readonly errors: readonly string[] = [];

  /** `isFramed`: the app is inside the shell. */
  constructor(
    private readonly driver: WebDriver,
    private readonly window: string,
    private readonly isFramed: boolean,
    private readonly resolve: (url: string) => void,
  ) {}

  get top(): Doc {
    return this.#docAt([]);
  }

  get app(): Doc {
    return this.#docAt(this.isFramed ? [0] : []);
  }

  documents(): Promise<Doc[]> {
    return this.#below(this.isFramed ? [0] : []);
  }

  async goto(url: string): Promise<void> {
    this.resolve(url);
    await this.driver.visit(this.window, url);
    // The driver does not wait, so that a page can be looked at while it is streamed.
    const isThere = (): boolean => location.href !== 'about:blank';
    await eventually('the page', () => this.top.evaluate(isThere), LOAD_DEADLINE_MS);
  }

  async press(doc: Doc, selector: string): Promise<void> {
    await whenItCan(() => this.driver.click(whereOf(doc), selector));
  }

  async pressText(doc: Doc, text: string): Promise<void> {
    const selector = await doc.evaluate((wanted) => {
      const has = (element: Element): boolean => element.textContent.includes(wanted);
      const all = [...document.body.querySelectorAll('*')].filter(has);
      const smallest = all.find((element) => ![...element.children].some(has));
      for (const marked of document.querySelectorAll('[data-pressed]'))
        marked.removeAttribute('data-pressed');
      smallest?.setAttribute('data-pressed', '');
      return '[data-pressed]';
    }, text);
    await this.press(doc, selector);
  }

  async fill(doc: Doc, selector: string, text: string): Promise<void> {
    await whenItCan(() => this.driver.fill(whereOf(doc), selector, text));
  }

  async drag(from: Place, to: Place, [right, down]: readonly [number, number]): Promise<void> {
    const start = await middleOf(from);
    const end = await middleOf(to);
    const goal = { x: end.x + right, y: end.y + down };
    await this.driver.drag(whereOf(from.doc), start, goal);
  }

  chord(...keys: readonly (keyof typeof CODES)[]): Promise<void> {
    const codes = keys.map((key) => CODES[key]);
    return this.driver.chord(whereOf(this.app), codes);
  }

  /** The driver has been told to say yes to all. */
  acceptQuestion(): void {
    return undefined;
  }

  toFront(): Promise<void> {
    return this.driver.toFront(this.window);
  }

  close(): Promise<void> {
    return this.driver.closeWindow(this.window);
  }

  async another(): Promise<Tab> {
    return this.#tab(await this.driver.newWindow());
  }

  async all(): Promise<ReadonlyMap<unknown, () => Tab>> {
    const windows = await this.driver.windows();
    return new Map(windows.map((window) => [window, () => this.#tab(window)]));
  }

  #tab(window: string): Tab {
    return new WebKitTab(this.driver, window, this.isFramed, this.resolve);
  }

  #docAt(path: readonly number[]): Doc {
    return new WebKitDoc(this.driver, { window: this.window, path });
  }

  async #below(path: readonly number[]): Promise<Doc[]> {
    const doc = this.#docAt(path);
    const count = await doc.evaluate(() => frames.length);
    const inner: Doc[] = [];
    for (let n = 0; n < count; n += 1) inner.push(...(await this.#below([...path, n])));
    return [doc, ...inner];
  }
}

function whereOf(doc: Doc): Where {
  if (doc instanceof WebKitDoc) return doc.where;
  throw new Error('a document of another browser');
}

/** The app's frame fills the window, so its pixels are those of the window. */
function middleOf({ doc, selector }: Place): Promise<Point> {
  return doc.evaluate((wanted) => {
    const box = document.querySelector(wanted)?.getBoundingClientRect();
    if (box === undefined) throw new Error(`${wanted} is not there`);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }, selector);
}

/** An element may be there before it can be clicked, or be replaced just then. */
async function whenItCan(act: () => Promise<void>): Promise<void> {
  await eventually('the element can be used', () => act().then(() => true), CLICK_DEADLINE_MS);
}
