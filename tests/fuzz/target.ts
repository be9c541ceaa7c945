/** A part of Wingman that takes bytes from strangers. */
export interface Target {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** Pieces of its language, to be put in anywhere. */
  readonly words: readonly string[];
  /** Throws when a property doesn't hold, or when an error comes out that isn't one of ours. */
  run(input: Uint8Array): void;
}
