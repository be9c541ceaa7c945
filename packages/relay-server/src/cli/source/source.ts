import { statSync } from 'node:fs';
import type { Reporter } from '../reporter.js';

/** What is shared: something that listens on a port of this machine. */
export interface Source {
  readonly port: number;
  /** As people call it. */
  readonly label: string;
  /** Resolves with its exit code when it has ended by itself; never for what is not ours. */
  readonly ended: Promise<number>;
  close(): Promise<void>;
}

/** What a source needs while it starts. */
export interface SourceTools {
  readonly reporter: Pick<Reporter, 'notice' | 'output'>;
  /** Aborted when the user wants no more. */
  readonly stop: AbortSignal;
}

/** Makes a source ready. Fails with a WingmanError that says what to do. */
export type OpenSource = (tools: SourceTools) => Promise<Source>;

/** A source that never ends by itself. */
export const NEVER = new Promise<never>(() => undefined);

/** What somebody else has started, or will. */
export function portSource(port: number): OpenSource {
  const close = (): Promise<void> => Promise.resolve();
  return () => Promise.resolve({ port, label: `localhost:${port}`, ended: NEVER, close });
}

/** Whether what was typed means a folder: a number is a port, whatever lies here. */
export function isFolder(typed: string): boolean {
  if (/^[\d:]/.test(typed)) return false;
  return statSync(typed, { throwIfNoEntry: false })?.isDirectory() === true;
}
