import { afterEach, expect, jest, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Emitter } from '../src/emitter.js';

afterEach(() => {
  jest.restoreAllMocks();
  Reflect.deleteProperty(globalThis, 'reportError');
});

/** An event with a listener that throws, and others before and behind it. */
function emitAmongOthers(error: Error): string[] {
  const heard: string[] = [];
  const emitter = new Emitter<'event'>();
  emitter.on('event', () => heard.push('before'));
  emitter.on('event', () => {
    throw error;
  });
  emitter.on('event', () => heard.push('behind'));
  emitter.emit('event');
  return heard;
}

test('listeners hear their event until they are removed', () => {
  const heard: string[] = [];
  const emitter = new Emitter<'one' | 'other'>();
  const remove = emitter.on('one', () => heard.push('one'));
  emitter.on('other', () => heard.push('other'));
  emitter.emit('one');
  remove();
  emitter.emit('one');
  expect(heard).toEqual(['one']);
});

test('a listener that throws is shown on the console, and the others are told', () => {
  const shown = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const reported = jest.fn();
  Object.assign(globalThis, { reportError: reported });
  const error = new Error('broken');
  expect(emitAmongOthers(error)).toEqual(['before', 'behind']);
  expect(shown).toHaveBeenCalledWith(error);
  // A browser takes what is reported for the end of a worker.
  expect(reported).not.toHaveBeenCalled();
});

test('a process outlives a listener that throws', async () => {
  const program = `
    import { Emitter } from ${JSON.stringify(new URL('../dist/emitter.js', import.meta.url))};
    const emitter = new Emitter();
    emitter.on('event', () => { throw new Error('broken listener'); });
    emitter.emit('event');
    setTimeout(() => console.log('still here'), 1);
  `;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  const { stdout, stderr } = await run;
  expect(stdout).toBe('still here\n');
  expect(stderr).toContain('broken listener');
});
