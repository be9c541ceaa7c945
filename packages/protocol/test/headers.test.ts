import { expect, test } from '@jest/globals';
import {
  hasNoBody,
  header,
  headerValue,
  headersFromRaw,
  headersToRaw,
  reasonPhrase,
  stripHopByHop,
} from '../src/exchange/headers.js';

test('raw headers keep order and repetition', () => {
  const headers = headersFromRaw(['Set-Cookie', 'a=1', 'X', 'y', 'set-cookie', 'b=2']);
  expect(headersToRaw(headers)).toEqual(['set-cookie', 'a=1', 'x', 'y', 'set-cookie', 'b=2']);
  expect(headerValue(headers, 'set-cookie')).toBe('a=1, b=2');
  expect(headerValue(headers, 'none')).toBeUndefined();
});

test('hop-by-hop fields go, and those that Connection names', () => {
  const headers = [
    header('Connection', 'close, X-Private'),
    header('x-private', '1'),
    header('TE', 'trailers'),
    header('x', 'y'),
  ];
  expect(stripHopByHop(headers).map(({ name }) => name)).toEqual(['x']);
});

test.each([
  ['Not Found', 'Not Found'],
  ['tab\there', 'tab\there'],
  ['\xf6', '\xf6'],
  ['', ''],
  ['\u20ac', ''],
  ['\ufffd', ''],
  ['a\x00b', ''],
  ['a\x7fb', ''],
  ['a\r\nset-cookie: b', ''],
])('of the status text %j a status line carries %j', (statusText, phrase) => {
  expect(reasonPhrase(statusText)).toBe(phrase);
});

test.each([
  ['HEAD', 200, true],
  ['GET', 103, true],
  ['GET', 204, true],
  ['GET', 205, true],
  ['GET', 304, true],
  ['GET', 200, false],
  ['POST', 301, false],
])('an answer to %s of %i has no body: %j', (method, status, isWithout) => {
  expect(hasNoBody(method, status)).toBe(isWithout);
});
