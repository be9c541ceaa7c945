import { expect, test } from '@jest/globals';
import { BasicAuth, isBasic } from '../src/exchange/basic-auth.js';
import { HOST_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';

const { each, inAll, windowMs } = HOST_LIMITS.passwordGuesses;

const field = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString('base64')}`;
const RIGHT = field('mé:correct:horse');
const WRONG = field('mé:correct:hors');

function subject(clock = new FakeClock()): BasicAuth {
  return new BasicAuth({ user: 'mé', password: 'correct:horse' }, clock);
}

test('the user name and password in UTF-8 are let in, and nothing else', () => {
  const auth = subject();
  expect(auth.judge(RIGHT, 'a')).toBe('admitted');
  for (const other of [
    WRONG,
    field(''),
    field('mé:correct:horse '),
    'Basic',
    'Basic !',
    'basic  x',
  ]) {
    expect([other, auth.judge(other, 'b')]).toEqual([other, 'wrong']);
  }
});

test('the scheme is told in any case', () => {
  expect([RIGHT, 'basic x', 'BASIC x', 'Bearer x', 'Basicx'].map(isBasic)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test('an address that has guessed too often is not looked at until the window has passed', () => {
  const clock = new FakeClock();
  const auth = subject(clock);
  for (let guess = 0; guess < each; guess++) auth.judge(WRONG, 'a');
  expect(auth.judge(RIGHT, 'a')).toBe('limited');
  expect(auth.judge(RIGHT, 'b')).toBe('admitted');
  for (let guess = 0; guess < each; guess++) auth.judge(WRONG, 'b');
  expect(auth.judge(RIGHT, 'b')).toBe('limited');
  clock.advance(windowMs);
  expect(auth.judge(RIGHT, 'a')).toBe('admitted');
});

test('many addresses together are limited, and one that was right before is not', () => {
  const auth = subject();
  expect(auth.judge(RIGHT, 'mine')).toBe('admitted');
  for (let guess = 0; guess < inAll; guess++) auth.judge(WRONG, `guesser ${guess}`);
  expect(auth.judge(RIGHT, 'new')).toBe('limited');
  expect(auth.judge(WRONG, 'mine')).toBe('wrong');
  expect(auth.judge(RIGHT, 'mine')).toBe('admitted');
});
