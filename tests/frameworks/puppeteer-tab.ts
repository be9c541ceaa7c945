import type { ConsoleMessage, Frame, Page } from 'puppeteer-core';
import type { Doc, Place, Tab } from './tab.js';

/** A cold dev server on a busy machine compiles for a while. */
export const RENDER_DEADLINE_MS = 90_000;
export const CHANGE_DEADLINE_MS = 45_000;
/** What editors need to show all of themselves. */
const DESKTOP = { width: 1280, height: 800 };
/** A page that drags by mouse events wants several of them on the way. */
const DRAG_STEPS = 8;

/** Firefox says this of what a page gives up or leaves unread of any service worker's answer, without a tunnel too. */
const OF_FIREFOX = 'A ServiceWorker intercepted the request and encountered an unexpected error';

/** A frame of Chromium or Firefox. */
class PuppeteerDoc implements Doc {
  constructor(readonly frame: Frame) {}

  async evaluate<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<Awaited<T>> {
    return await this.frame.evaluate(
      run as (...args: unknown[]) => Promise<Awaited<T>>,
      ...(args as unknown[]),
    );
  }
}

/** A tab of Chromium or Firefox. */
export class PuppeteerTab implements Tab {
  readonly errors: string[] = [];

  /** `isFramed`: the app is inside the shell. */
  constructor(
    private readonly page: Page,
    private readonly isFramed: boolean,
  ) {
    page.setDefaultTimeout(RENDER_DEADLINE_MS);
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(describe(message));
    });
    page.on('pageerror', (error) => {
      const text = String(error);
      if (!text.includes(OF_FIREFOX)) this.errors.push(text);
    });
  }

  get top(): Doc {
    return new PuppeteerDoc(this.page.mainFrame());
  }

  get app(): Doc {
    return new PuppeteerDoc(this.#root);
  }

  documents(): Promise<Doc[]> {
    return Promise.resolve(withDescendants(this.#root).map((frame) => new PuppeteerDoc(frame)));
  }

  async goto(url: string): Promise<void> {
    await this.page.setViewport(DESKTOP);
    await this.page.evaluateOnNewDocument(noteSockets);
    await this.page.goto(url, { waitUntil: 'domcontentloaded', timeout: RENDER_DEADLINE_MS });
  }

  press(doc: Doc, selector: string): Promise<void> {
    return frameOf(doc).locator(selector).setTimeout(CHANGE_DEADLINE_MS).click();
  }

  pressText(doc: Doc, text: string): Promise<void> {
    return this.press(doc, `::-p-text(${text})`);
  }

  fill(doc: Doc, selector: string, text: string): Promise<void> {
    return frameOf(doc).locator(selector).setTimeout(CHANGE_DEADLINE_MS).fill(text);
  }

  async drag(from: Place, to: Place, [right, down]: readonly [number, number]): Promise<void> {
    const start = await middleOf(from);
    const end = await middleOf(to);
    const { mouse } = this.page;
    await mouse.move(start.x, start.y);
    await mouse.down();
    await mouse.move(end.x + right, end.y + down, { steps: DRAG_STEPS });
    await mouse.up();
  }

  async chord(...keys: readonly ('Control' | 'Delete' | 'a')[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.down(key);
    for (const key of keys.toReversed()) await this.page.keyboard.up(key);
  }

  acceptQuestion(): void {
    this.page.once('dialog', (dialog) => void dialog.accept());
  }

  toFront(): Promise<void> {
    return this.page.bringToFront();
  }

  close(): Promise<void> {
    return this.page.close();
  }

  async another(): Promise<Tab> {
    return new PuppeteerTab(await this.page.browser().newPage(), this.isFramed);
  }

  async all(): Promise<ReadonlyMap<unknown, () => Tab>> {
    const pages = await this.page.browser().pages();
    return new Map(pages.map((page) => [page, () => new PuppeteerTab(page, this.isFramed)]));
  }

  get #root(): Frame {
    const main = this.page.mainFrame();
    if (!this.isFramed) return main;
    const frame = main.childFrames()[0];
    if (frame === undefined) throw new Error('the app’s frame is not there');
    return frame;
  }
}

/** Keeps the sockets that a page makes, for `Visit.listens`. Runs in the page, where a session's script replaces the class. */
function noteSockets(): void {
  const madeSockets: WebSocket[] = [];
  const noted = (made: typeof WebSocket): typeof WebSocket =>
    new Proxy(made, {
      construct(target, args: unknown[], newTarget) {
        const socket = Reflect.construct(target, args, newTarget) as WebSocket;
        madeSockets.push(socket);
        return socket;
      },
    });
  let current = noted(window.WebSocket);
  Object.defineProperty(window, 'WebSocket', {
    configurable: true,
    get: () => current,
    set: (made: typeof WebSocket) => (current = noted(made)),
  });
  Object.assign(window, { madeSockets });
}

function describe(message: ConsoleMessage): string {
  const { url } = message.location();
  return url === undefined ? message.text() : `${message.text()} (${url})`;
}

function frameOf(doc: Doc): Frame {
  if (doc instanceof PuppeteerDoc) return doc.frame;
  throw new Error('a document of another browser');
}

async function middleOf({ doc, selector }: Place): Promise<{ x: number; y: number }> {
  const element = await frameOf(doc).$(selector);
  const box = await element?.boundingBox();
  if (!box) throw new Error(`${selector} is not to be seen`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

function withDescendants(frame: Frame): Frame[] {
  return [frame, ...frame.childFrames().flatMap(withDescendants)];
}
