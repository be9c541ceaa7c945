import { expect, test } from '@jest/globals';
import { WingmanError } from '@wingman/protocol';
import { PassThrough } from 'node:stream';
import type { Terminal } from '../src/cli/ask.js';
import { startOrTakeOver } from '../src/cli/ask.js';

const TAKEN = new WingmanError('NAME_IN_USE', 'another host is there since 12:03');

/** A start that is refused until it takes over, and the ways in which it was asked. */
function crowdedStart(refusal: Error = TAKEN) {
  const asked: boolean[] = [];
  const start = (takeOver: boolean): Promise<string> => {
    asked.push(takeOver);
    return takeOver ? Promise.resolve('started') : Promise.reject(refusal);
  };
  return { asked, start };
}

/** A person who has typed this already. */
function terminalWith(answer: string): Terminal & { readonly output: PassThrough } {
  const input = new PassThrough();
  input.write(answer);
  return { input, output: new PassThrough() };
}

const never = new AbortController().signal;

test.each(['y\n', 'Yes\n'])('a person who answers %j replaces the other host', async (answer) => {
  const { asked, start } = crowdedStart();
  const terminal = terminalWith(answer);
  expect(await startOrTakeOver(start, false, terminal, never)).toBe('started');
  expect(asked).toEqual([false, true]);
  expect(String(terminal.output.read())).toContain('since 12:03. Replace it? [y/N]');
});

test.each(['\n', 'n\n', 'yeah, no\n'])('after %j the other host stays', async (answer) => {
  const { asked, start } = crowdedStart();
  const starting = startOrTakeOver(start, false, terminalWith(answer), never);
  await expect(starting).rejects.toBe(TAKEN);
  expect(asked).toEqual([false]);
});

test('without a terminal nobody is asked', async () => {
  const { asked, start } = crowdedStart();
  await expect(startOrTakeOver(start, false, undefined, never)).rejects.toBe(TAKEN);
  expect(asked).toEqual([false]);
});

test('whoever has said --take-over is not asked', async () => {
  const { asked, start } = crowdedStart();
  expect(await startOrTakeOver(start, true, undefined, never)).toBe('started');
  expect(asked).toEqual([true]);
});

test('another refusal is no question', async () => {
  const refusal = new WingmanError('TOKEN_NEEDED', 'no token');
  const { asked, start } = crowdedStart(refusal);
  await expect(startOrTakeOver(start, false, terminalWith('y\n'), never)).rejects.toBe(refusal);
  expect(asked).toEqual([false]);
});

test('the question ends when the process is to stop', async () => {
  const stop = new AbortController();
  const { start } = crowdedStart();
  const terminal = { input: new PassThrough(), output: new PassThrough() };
  const starting = startOrTakeOver(start, false, terminal, stop.signal);
  stop.abort();
  await expect(starting).rejects.toMatchObject({ code: 'NAME_IN_USE' });
});

test('a server’s words in the question don’t take over the terminal', async () => {
  const refusal = new WingmanError('NAME_IN_USE', 'there\u001b[2J\u001b]52;c;aGk=\u0007\u202e');
  const { start } = crowdedStart(refusal);
  const terminal = terminalWith('n\n');
  await expect(startOrTakeOver(start, false, terminal, never)).rejects.toBe(refusal);
  expect(String(terminal.output.read())).toMatch(/^there\ufffd\[2J[^\p{Cc}\p{Cf}]*\[y\/N\] $/u);
});
