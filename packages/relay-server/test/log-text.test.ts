import { expect, test } from '@jest/globals';
import { createLogger } from '../src/cli/process.js';
import { logText } from '../src/cli/terminal/log-text.js';

function shown(fields: object, text: string): string {
  let said = '';
  createLogger('info', (line) => (said = logText(line))).info(fields, text);
  return said;
}

test('a line of the log is words: what has happened, why, and what belongs to it', () => {
  expect(shown({}, 'a thing')).toBe('a thing');
  expect(shown({ err: new Error('why') }, 'a thing')).toBe('a thing: why');
  expect(shown({ code: 'TIMEOUT', message: 'why' }, 'a thing')).toBe('a thing: why');
  expect(shown({ session: 'shop…', ports: [1, 2] }, 'a thing')).toBe(
    'a thing (session shop…, ports [1,2])',
  );
});

test('it moves nothing on the screen', () => {
  expect(shown({ session: 'a\u001b[2Jb' }, 'a\u0007 thing')).not.toMatch(/\p{Cc}/u);
});
