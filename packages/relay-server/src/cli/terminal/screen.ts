/** Where the view for people is drawn. */
export interface Screen {
  /** Takes whole lines. */
  write(text: string): void;
  /** Takes a sequence that moves nothing on the screen. */
  control(sequence: string): void;
  /** Characters in a line; undefined when it is no terminal. */
  readonly columns: number | undefined;
  /** Lines of a screen; undefined when it is no terminal, or nobody looks at it. */
  readonly rows: number | undefined;
  readonly color: boolean;
  /** Whether keys are read, so that what is left out can be asked for. */
  readonly hasKeys: boolean;
  /** Whether others write on it, too: then there is no room for what can be looked up. */
  readonly isShared?: boolean;
  now(): Date;
  /** Replaces what is shown below the last line; nothing happens where there is no terminal. */
  status(text: string): void;
}

/** What a screen needs of a stream of the process. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface ScreenOptions {
  readonly color: boolean;
  readonly hasKeys: boolean;
  /** Whether somebody looks at it; a build's log is read later. */
  readonly isWatched: boolean;
}

/** A part of a screen that several apps write on: each line begins with the app's name, and nobody asks for more. */
export function labelled(screen: Screen, app: string): Screen {
  const label = `${app} |`;
  return {
    write: (text) => screen.write(text.replace(/^.+$/gm, (line) => `${label}${line}`)),
    control: () => undefined,
    columns: screen.columns === undefined ? undefined : screen.columns - label.length,
    rows: undefined,
    color: screen.color,
    hasKeys: false,
    isShared: true,
    now: () => screen.now(),
    status: () => undefined,
  };
}

/** To the beginning of the line, and erase to its end. */
const ERASE_LINE = '\r\u001b[K';
const DIM = ['\u001b[2m', '\u001b[22m'] as const;

/** Lines that are only ever added and, in a terminal, one line below them that changes. A file reads the same. */
export class OutputScreen implements Screen {
  readonly color: boolean;
  readonly hasKeys: boolean;
  readonly #output: Output;
  readonly #isWatched: boolean;
  #status = '';
  #question = '';

  constructor(output: Output, { color, hasKeys, isWatched }: ScreenOptions) {
    this.#output = output;
    this.#isWatched = isWatched && output.isTTY === true;
    this.color = color;
    this.hasKeys = hasKeys;
  }

  get columns(): number | undefined {
    return knownSize(this.#output.columns);
  }

  get rows(): number | undefined {
    return this.#isWatched ? knownSize(this.#output.rows) : undefined;
  }

  now(): Date {
    return new Date();
  }

  write(text: string): void {
    const line = this.#lastLine;
    this.#output.write(line === '' ? text : `${ERASE_LINE}${text}${line}`);
  }

  control(sequence: string): void {
    if (this.#isWatched) this.#output.write(sequence);
  }

  status(text: string): void {
    this.#replace(() => (this.#status = text));
  }

  /** Shows a question in place of the status; an empty one takes it back. */
  question(text: string): void {
    this.#replace(() => (this.#question = text));
  }

  #replace(change: () => void): void {
    if (!this.#isWatched) return;
    const before = this.#lastLine;
    change();
    const after = this.#lastLine;
    if (before !== after) this.#output.write(`${ERASE_LINE}${after}`);
  }

  /** One column stays free: a full line would wrap. */
  get #lastLine(): string {
    const width = (this.columns ?? 80) - 1;
    if (this.#question !== '') return this.#question.slice(0, width);
    if (this.#status === '') return '';
    const text = this.#status.slice(0, width);
    return this.color ? DIM.join(text) : text;
  }
}

/** A terminal that was given no size, as in a container without one of its own, says 0. */
function knownSize(size: number | undefined): number | undefined {
  return size === 0 ? undefined : size;
}
