import { beforeEach, expect, test } from '@jest/globals';
import { Mailbox } from '../src/signaling/mailbox.js';
import { SteppedClock } from './support/fake-clock.js';

const LIMITS = { messages: 3, bytes: 100, ms: 1_000 };

let clock: SteppedClock;
let mailbox: Mailbox<string>;

beforeEach(() => {
  clock = new SteppedClock();
  mailbox = new Mailbox(LIMITS, clock);
});

test('hands messages out once, in order', () => {
  mailbox.put('offer', 10);
  mailbox.put('candidate', 10);
  expect(mailbox.take()).toEqual(['offer', 'candidate']);
  expect(mailbox.take()).toEqual([]);
});

test('never delivers what has waited for too long', () => {
  mailbox.put('old', 10);
  clock.advance(LIMITS.ms - 1);
  mailbox.put('young', 10);
  clock.advance(1);
  expect(mailbox.take()).toEqual(['young']);
});

test('takes no more than so many, and no more than so many bytes', () => {
  for (const name of ['a', 'b', 'c', 'd']) mailbox.put(name, 1);
  expect(mailbox.take()).toEqual(['a', 'b', 'c']);
  mailbox.put('large', 99);
  mailbox.put('too much', 2);
  mailbox.put('just', 1);
  expect(mailbox.take()).toEqual(['large', 'just']);
});

test('what is too old takes no room', () => {
  mailbox.put('old', 100);
  clock.advance(LIMITS.ms);
  mailbox.put('new', 100);
  expect(mailbox.take()).toEqual(['new']);
});
