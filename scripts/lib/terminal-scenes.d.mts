/** A screen of `wingman` in a terminal. */
interface TerminalScene {
  /** Also of its picture, below docs/images/screens. */
  readonly name: string;
  readonly size: { readonly columns: number; readonly rows: number };
  readonly screen: string[];
  /** What its lines say, without what is another one each time. */
  readonly words: string[];
}
/** Every screen, from the real command. */
export function terminalScenes(): AsyncGenerator<TerminalScene, void, void>;
