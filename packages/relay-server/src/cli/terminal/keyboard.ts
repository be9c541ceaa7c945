/** A key of the running session. */
export interface Key {
  readonly key: string;
  /** What it does, for the list of keys. */
  readonly does: string;
  /** What is asked for before it acts, up to Enter; nothing when undefined. */
  readonly asks?: () => string;
  /** Acts; `typed` is the answer. */
  press(typed: string): void;
}

/** A terminal that hands over keys one by one. */
export interface KeySource {
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  off(event: 'data', listener: (bytes: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface KeyboardOptions {
  readonly input: KeySource;
  readonly keys: readonly Key[];
  /** Shows what is being typed; empty: nothing. */
  question(text: string): void;
  /** Stops the process, as Ctrl-C does where keys are not read. */
  interrupt(): void;
  /** Gives the terminal back to the shell, as Ctrl-Z does. */
  suspend(): void;
}

const INTERRUPT = '\u0003';
const SUSPEND = '\u001a';
const ESCAPE = '\u001b';
const BACKSPACES = ['\u0008', '\u007f'];
const ENTERS = ['\r', '\n'];
/** More than a number of a visitor has. */
const ANSWER_CHARS = 9;

/** Reads single keys while the session runs. */
export class Keyboard {
  readonly #options: KeyboardOptions;
  readonly #listener = (bytes: Buffer): void => this.#read(bytes.toString());
  /** The key whose question is being answered. */
  #asking: { readonly key: Key; typed: string } | undefined;

  constructor(options: KeyboardOptions) {
    this.#options = options;
  }

  start(): void {
    const { input } = this.#options;
    input.setRawMode(true);
    input.on('data', this.#listener);
    input.resume();
  }

  /** Gives the terminal back; `start` may follow. */
  stop(): void {
    const { input } = this.#options;
    this.#cancel();
    input.off('data', this.#listener);
    input.pause();
    input.setRawMode(false);
  }

  #read(text: string): void {
    // Arrows and the like come as a sequence, of which no part is a key.
    if (text.startsWith(ESCAPE)) return this.#cancel();
    for (const char of text) this.#press(char);
  }

  #press(char: string): void {
    if (char === INTERRUPT) return this.#options.interrupt();
    if (char === SUSPEND) return this.#options.suspend();
    if (this.#asking !== undefined) return this.#answer(this.#asking, char);
    const key = this.#options.keys.find((one) => one.key === char.toLowerCase());
    if (key === undefined) return;
    if (key.asks === undefined) return key.press('');
    this.#asking = { key, typed: '' };
    this.#showQuestion();
  }

  #answer(asking: { readonly key: Key; typed: string }, char: string): void {
    const { key, typed } = asking;
    if (ENTERS.includes(char)) {
      this.#cancel();
      return key.press(typed.trim());
    }
    if (BACKSPACES.includes(char)) asking.typed = typed.slice(0, -1);
    else if (/^[\d ]$/.test(char) && typed.length < ANSWER_CHARS) asking.typed += char;
    this.#showQuestion();
  }

  #showQuestion(): void {
    if (this.#asking === undefined) return;
    const { key, typed } = this.#asking;
    this.#options.question(`  ${key.asks?.() ?? ''} ${typed.trimStart()}_`);
  }

  #cancel(): void {
    this.#asking = undefined;
    this.#options.question('');
  }
}
