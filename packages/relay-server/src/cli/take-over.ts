import { visibleText } from '@wingman/node-kit';
import { WingmanError } from '@wingman/protocol';
import { ask, type Terminal } from './ask.js';

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
