import { createInterface } from 'node:readline/promises';
import { visibleText } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { wrapWords } from './terminal/words.js';

/** Where a person is asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream & { readonly columns?: number };
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
    const shown = wrapWords(question, terminal.output.columns, 0);
    return await Promise.race([lines.question(shown), left]);
  } finally {
    given.abort();
    lines.close();
  }
}

/**
 * Starts a host. Where another host has the name, a person is asked whether to replace that one; without a
 * terminal, and after a no, the refusal stays. `stop` ends the question.
 */
export async function startOrTakeOver<Host>(
  start: (takeOver: boolean) => Promise<Host>,
  takeOver: boolean,
  terminal: Terminal | undefined,
  stop: AbortSignal,
): Promise<Host> {
  try {
    return await start(takeOver);
  } catch (error) {
    const isTaken = error instanceof WingmanError && error.code === 'NAME_IN_USE';
    if (!isTaken || terminal === undefined) throw error;
    if (!(await isAgreed(error.message, terminal, stop))) throw error;
    return start(true);
  }
}

async function isAgreed(reason: string, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  const answer = await ask(terminal, `${visibleText(reason)}. Replace it? [y/N] `, signal);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
