/** What a run measures; undefined when help was asked for. */
export function parseOptions(args: readonly string[]):
  | {
      readonly sessions: number;
      readonly viewers: number;
      readonly relays: number;
      readonly seconds: number;
      readonly rounds: number;
      readonly nodes: readonly number[];
      readonly parts: readonly string[];
    }
  | undefined;
