/** A document in a tab. */
export interface Doc {
  /** Runs a function in it, which uses nothing from outside of itself. */
  evaluate<T, A extends unknown[]>(
    run: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<Awaited<T>>;
}

/** A tab of a browser as far as a person uses one; `doc` is a document of its own. */
export interface Tab {
  /** Console errors and uncaught exceptions so far; empty where the browser's driver tells of none. */
  readonly errors: readonly string[];
  /** The document of the tab itself: on localhost the app's own, else the shell's. */
  readonly top: Doc;
  /** The app's own top document. */
  readonly app: Doc;
  /** The app's own top document and those of its frames. */
  documents(): Promise<Doc[]>;
  goto(url: string): Promise<void>;
  /** Clicks an element with the mouse when it can be clicked. */
  press(doc: Doc, selector: string): Promise<void>;
  /** The same for the smallest element that has a text. */
  pressText(doc: Doc, text: string): Promise<void>;
  /** Types a text into a field in place of what it has. */
  fill(doc: Doc, selector: string, text: string): Promise<void>;
  /** Drags with the mouse from the middle of an element to a place that many pixels from the middle of another. */
  drag(from: Place, to: Place, offset: readonly [number, number]): Promise<void>;
  /** Presses keys together. */
  chord(...keys: readonly ('Control' | 'Delete' | 'a')[]): Promise<void>;
  /** Answers the page's next question with yes. */
  acceptQuestion(): void;
  toFront(): Promise<void>;
  close(): Promise<void>;
  /** Another tab of the browser, with nothing in it. */
  another(): Promise<Tab>;
  /** The tabs that the browser has, by something that tells them apart. */
  all(): Promise<ReadonlyMap<unknown, () => Tab>>;
}

/** An element. */
export interface Place {
  readonly doc: Doc;
  readonly selector: string;
}
