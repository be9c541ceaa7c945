import { visibleText } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
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
  const lines = createInterface(terminal);
  try {
    const answer = await lines.question(`${visibleText(reason)}. Replace it? [y/N] `, { signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
