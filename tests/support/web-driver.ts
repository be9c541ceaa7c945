/** A driver that does not answer is gone: longer than any command may take on a busy machine, a script's deadline included. */
const ANSWER_DEADLINE_MS = 150_000;
/** The battery's longest section, several times over. */
const SCRIPT_DEADLINE_MS = 120_000;

type Json = Readonly<Record<string, unknown>>;

interface Session {
  sessionId: string;
}

/** What a script in the page gives back. */
interface Outcome {
  value?: unknown;
  error?: string;
}

/** A browser under W3C WebDriver, one window of it, one command at a time. */
export class WebDriver {
  private constructor(private readonly session: string) {}

  /** Has a driver that listens on a port of this machine start its browser. */
  static async open(port: number): Promise<WebDriver> {
    const root = `http://127.0.0.1:${port}/session`;
    const { sessionId } = (await command('POST', root, {
      capabilities: { alwaysMatch: { acceptInsecureCerts: true } },
    })) as Session;
    const driver = new WebDriver(`${root}/${sessionId}`);
    await driver.#post('timeouts', { script: SCRIPT_DEADLINE_MS });
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
  async evaluate<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<T> {
    await this.#post('frame', { id: null });
    return this.#run(run, args);
  }

  /** The same in the document of the window's first frame. */
  async evaluateInFrame<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<T> {
    await this.#post('frame', { id: null });
    await this.#post('frame', { id: 0 });
    return this.#run(run, args);
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
