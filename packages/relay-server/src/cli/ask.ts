import { createInterface } from 'node:readline/promises';

/** Where a person is asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** The terminal of the process; undefined when a program or a file is at one end of it. */
export function processTerminal(): Terminal | undefined {
  const { stdin: input, stdout: output } = process;
  return input.isTTY && output.isTTY ? { input, output } : undefined;
}

/** What a person types behind a question; undefined after Ctrl-C or Ctrl-D, and when `signal` is aborted. */
export async function ask(
  terminal: Terminal,
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const lines = createInterface(terminal);
  const given = new AbortController();
  const left = new Promise<undefined>((resolve) => {
    // Readline has the terminal's keys, and would leave the question open.
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => resolve(undefined));
    signal.addEventListener('abort', () => resolve(undefined), { signal: given.signal });
  });
  try {
    if (signal.aborted) return undefined;
    return await Promise.race([lines.question(question), left]);
  } finally {
    given.abort();
    lines.close();
  }
}
