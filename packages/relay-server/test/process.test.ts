import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { aborted, createLogger, ExitCode, stopSignal } from '../src/cli/process.js';

/** Nothing else in this process listens for it. */
const SIGNAL = 'SIGWINCH';

afterEach(() => {
  jest.restoreAllMocks();
  process.removeAllListeners(SIGNAL);
});

describe('what stops a command', () => {
  test('is the first signal; the second one ends the process at once', () => {
    const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    const stop = stopSignal([SIGNAL]);
    expect(stop.aborted).toBe(false);
    process.emit(SIGNAL, SIGNAL);
    expect([stop.aborted, exit.mock.calls]).toEqual([true, []]);
    process.emit(SIGNAL, SIGNAL);
    expect(exit.mock.calls).toEqual([[ExitCode.INTERRUPTED]]);
  });

  test('is a reader that has gone, too', () => {
    const before = process.stdout.listeners('error');
    const stop = stopSignal([SIGNAL]);
    const [gone] = process.stdout.listeners('error').filter((one) => !before.includes(one));
    gone?.(new Error('EPIPE'));
    process.stdout.removeListener('error', gone as () => void);
    expect(stop.aborted).toBe(true);
  });

  test.each([true, false])('is waited for, also when it has been: %j', async (hasBeen) => {
    const controller = new AbortController();
    if (hasBeen) controller.abort();
    const waited = aborted(controller.signal);
    controller.abort();
    await expect(waited).resolves.toBeUndefined();
  });
});

describe('the log', () => {
  test('has one JSON object a line, of its level and above', () => {
    const lines: string[] = [];
    const log = createLogger('warn', (line) => lines.push(line));
    log.info('quiet');
    log.warn({ port: 3000 }, 'loud');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { level: 40, time: expect.any(Number), port: 3000, msg: 'loud' },
    ]);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
  });

  test('says nothing of the machine it runs on', () => {
    const lines: string[] = [];
    createLogger('info', (line) => lines.push(line)).info('hello');
    expect(Object.keys(JSON.parse(lines.join('')) as object)).toEqual(['level', 'time', 'msg']);
  });
});
