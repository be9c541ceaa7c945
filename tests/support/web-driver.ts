/** A driver that does not answer is gone: longer than any command may take on a busy machine, a script's deadline included. */
const ANSWER_DEADLINE_MS = 150_000;
/** The battery's longest section, several times over. */
const SCRIPT_DEADLINE_MS = 120_000;

type Json = Readonly<Record<string, unknown>>;

interface Session {
  sessionId: string;
}

/** What a command waits for while a page loads (WebDriver section 8, "page load strategy"). */
export type LoadStrategy = 'normal' | 'none';

/** What a script in the page gives back. */
interface Outcome {
  value?: unknown;
  error?: string;
}

/** A document: its window, and the numbers of the frames that lead to it from there. */
export interface Where {
  /** As the driver names it; the first window unless told. */
  readonly window?: string;
  readonly path: readonly number[];
}

/** In pixels from the corner of a window. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The key under which an element is written (WebDriver section 12.1). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
type Element = Readonly<Record<typeof ELEMENT, string>>;
/** A page that drags by the mouse wants several events on the way. */
const DRAG_MS = 300;

/** A browser under W3C WebDriver, one command at a time. */
export class WebDriver {
  /** Where commands go that name no window. */
  #first = '';
  /** Where the driver has been told to go. */
  #window = '';
  #last: Promise<unknown> = Promise.resolve();

  private constructor(private readonly session: string) {}

  /**
   * Has a driver that listens on a port of this machine start its browser. Unless told otherwise each command waits until
   * the page has loaded, as WebDriver has it: while a page streams, nothing can be asked of it.
   */
  static async open(port: number, pageLoadStrategy: LoadStrategy = 'normal'): Promise<WebDriver> {
    const root = `http://127.0.0.1:${port}/session`;
    const wished = { acceptInsecureCerts: true, unhandledPromptBehavior: 'accept' };
    const capabilities = { alwaysMatch: { ...wished, pageLoadStrategy } };
    const { sessionId } = (await command('POST', root, { capabilities })) as Session;
    const driver = new WebDriver(`${root}/${sessionId}`);
    await driver.#post('timeouts', { script: SCRIPT_DEADLINE_MS });
    driver.#first = driver.#window = (await driver.windows())[0] ?? '';
    return driver;
  }

  async goto(url: string): Promise<void> {
    await this.#post('url', { url });
  }

  async reload(): Promise<void> {
    await this.#post('refresh');
  }

  async back(): Promise<void> {
    await this.#post('back');
  }

  /** Runs a function in the window's document. It uses nothing from outside of itself. */
  evaluate<T, A extends unknown[]>(run: (...args: A) => T | Promise<T>, ...args: A): Promise<T> {
    return this.run({ path: [] }, run, ...args);
  }

  /** The same in the document of the window's first frame. */
  evaluateInFrame<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<T> {
    return this.run({ path: [0] }, run, ...args);
  }

  /** The same in any document. */
  run<T, A extends unknown[]>(
    where: Where,
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<T> {
    return this.#at(where, () => this.#run(run, args));
  }

  visit(window: string, url: string): Promise<void> {
    return this.#at({ window, path: [] }, () => this.goto(url));
  }

  /** Clicks an element with the mouse. */
  click(where: Where, selector: string): Promise<void> {
    return this.#at(where, async () => {
      await this.#post(`element/${await this.#find(selector)}/click`);
    });
  }

  /** Types a text into a field in place of what it has. */
  fill(where: Where, selector: string, text: string): Promise<void> {
    return this.#at(where, async () => {
      const element = `element/${await this.#find(selector)}`;
      await this.#post(`${element}/clear`);
      if (text !== '') await this.#post(`${element}/value`, { text });
    });
  }

  /** Drags with the mouse, in pixels of the window: WebKit's driver does so in frames too, against section 15.4.3. */
  drag(where: Where, from: Point, to: Point): Promise<void> {
    const move = ({ x, y }: Point): Json => ({
      ...{ type: 'pointerMove', origin: 'viewport', duration: DRAG_MS },
      ...{ x: Math.round(x), y: Math.round(y) },
    });
    const down = { type: 'pointerDown', button: 0 };
    const actions = [move(from), down, move(to), { type: 'pointerUp', button: 0 }];
    return this.#at(where, () => this.#act({ type: 'pointer', id: 'mouse', actions }));
  }

  /** Presses keys together, each by its character or code. */
  chord(where: Where, keys: readonly string[]): Promise<void> {
    const each = (type: string, values: readonly string[]): Json[] =>
      values.map((value) => ({ type, value }));
    const actions = [...each('keyDown', keys), ...each('keyUp', keys.toReversed())];
    return this.#at(where, () => this.#act({ type: 'key', id: 'keyboard', actions }));
  }

  async windows(): Promise<string[]> {
    return (await command('GET', `${this.session}/window/handles`)) as string[];
  }

  /** Not a tab: in one that a driver has opened, `window.open` of WebKitGTK's browser gives null. */
  async newWindow(): Promise<string> {
    const { handle } = (await this.#post('window/new', { type: 'window' })) as { handle: string };
    return handle;
  }

  toFront(window: string): Promise<void> {
    return this.#at({ window, path: [] }, () => Promise.resolve());
  }

  /** The last window stays: with it the browser would end. */
  closeWindow(window: string): Promise<void> {
    return this.#at({ window, path: [] }, async () => {
      const [other] = (await this.windows()).filter((each) => each !== window);
      if (other === undefined) return this.goto('about:blank');
      await command('DELETE', `${this.session}/window`);
      await this.#post('window', { handle: other });
      this.#window = other;
    });
  }

  /** Does something in a document, when all that was asked before is done. */
  #at<T>({ window = this.#first, path }: Where, act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (window !== this.#window) await this.#post('window', { handle: window });
      this.#window = window;
      await this.#post('frame', { id: null });
      for (const id of path) await this.#post('frame', { id });
      return act();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #find(selector: string): Promise<string> {
    const query = { using: 'css selector', value: selector };
    return ((await this.#post('element', query)) as Element)[ELEMENT];
  }

  async #act(source: Json): Promise<void> {
    await this.#post('actions', { actions: [source] });
  }

  async #run<T, A extends unknown[]>(run: (...args: A) => T | Promise<T>, args: A): Promise<T> {
    const script = `const [args, done] = arguments;
      (async () => (${run.toString()})(...args))().then(
        (value) => done({ value }), (error) => done({ error: String(error) }))`;
    const outcome = (await this.#post('execute/async', { script, args: [args] })) as Outcome;
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.value as T;
  }

  /** Closes the browser. */
  async quit(): Promise<void> {
    await command('DELETE', this.session);
  }

  #post(path: string, body: Json = {}): Promise<unknown> {
    return command('POST', `${this.session}/${path}`, body);
  }
}

/** One command of the protocol (W3C WebDriver, section 6.6): its value, or an error by the driver's name for it. */
async function command(method: string, url: string, body?: Json): Promise<unknown> {
  const response = await fetch(url, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
  });
  const { value } = (await response.json()) as { value: { error?: string; message?: string } };
  if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
  return value;
}
