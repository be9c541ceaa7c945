import { expect, test } from '@jest/globals';
import {
  header,
  headerValue,
  headersFromRaw,
  headersToRaw,
  reasonPhrase,
  stripHopByHop,
} from '../src/exchange/headers.js';
import { renderProblem } from '../src/pages/problem.js';

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

test('a problem is a page for browsers and JSON for others, and nothing in it is markup', () => {
  const problem = {
    status: 502,
    code: 'LOCAL_PORT_REFUSED',
    title: '<b>',
    cause: '"&',
    cure: '>',
  } as const;
  const page = renderProblem(problem, 'text/html,*/*');
  expect(page.contentType).toContain('text/html');
  expect(page.body).toContain('&lt;b&gt;');
  expect(page.body).not.toContain('<b>"');
  const json = renderProblem(problem, undefined);
  expect(JSON.parse(json.body)).toEqual({ error: problem });
});
