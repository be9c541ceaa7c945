import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { Keyboard, type Key, type KeySource } from '../src/cli/terminal/keyboard.js';

/** A terminal that remembers how it was left. */
class Keys extends EventEmitter implements KeySource {
  isRaw = false;
  isRead = false;
  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }
  resume(): void {
    this.isRead = true;
  }
  pause(): void {
    this.isRead = false;
  }
}

function setUp() {
  const input = new Keys();
  const done: string[] = [];
  let question = '';
  const act = (key: string, asks?: string): Key => ({
    ...{ key, does: key, press: (typed) => done.push(`${key}(${typed})`) },
    ...(asks === undefined ? {} : { asks: () => asks }),
  });
  const keyboard = new Keyboard({
    input,
    keys: [act('c'), act('v'), act('a', 'Accept which visitor?')],
    question: (text) => (question = text.trim()),
    interrupt: () => done.push('interrupt'),
    suspend: () => done.push('suspend'),
  });
  keyboard.start();
  const type = (text: string): void => void input.emit('data', Buffer.from(text));
  return { input, keyboard, type, done, question: () => question };
}

test('a key acts at once, in either case; others do nothing', () => {
  const { type, done } = setUp();
  type('c');
  type('Vz \r');
  expect(done).toEqual(['c()', 'v()']);
});

test('a key with a question acts with Enter, as a line would', () => {
  const { type, done, question } = setUp();
  type('a');
  expect(question()).toBe('Accept which visitor? _');
  type(' 13');
  type('\u007f2v');
  expect(question()).toBe('Accept which visitor? 12_');
  expect(done).toEqual([]);
  type('\r');
  type('a\r');
  expect(question()).toBe('');
  expect(done).toEqual(['a(12)', 'a()']);
});

test('Escape and arrows end a question, and are no keys', () => {
  const { type, done, question } = setUp();
  type('a1');
  type('\u001b');
  type('\u001b[Dc');
  type('\r');
  expect([done, question()]).toEqual([[], '']);
});

test('an answer has an end', () => {
  const { type, done } = setUp();
  type(`a${'1'.repeat(100)}\r`);
  expect(done).toEqual(['a(111111111)']);
});

test('Ctrl-C and Ctrl-Z mean what they mean elsewhere, also in a question', () => {
  const { type, done } = setUp();
  type('\u0003');
  type('a\u0003');
  type('\u001a');
  expect(done).toEqual(['interrupt', 'interrupt', 'suspend']);
});

test('the terminal is given back', () => {
  const { input, keyboard, type, done } = setUp();
  expect([input.isRaw, input.isRead]).toEqual([true, true]);
  keyboard.stop();
  type('c');
  expect([input.isRaw, input.isRead, done]).toEqual([false, false, []]);
  keyboard.start();
  type('c');
  expect(done).toEqual(['c()']);
});
