import { describe, expect, test } from '@jest/globals';
import { fieldsOf, MAX_PLACE_CHARS, readPlace } from '../src/pages/together.js';

const PLACE = { path: '/a?b#c', scroll: [0, 0.5], pointer: [1, 0.25] };

describe('a place that somebody has sent', () => {
  test.each([
    PLACE,
    { ...PLACE, pointer: null },
    { ...PLACE, path: '/' },
    { ...PLACE, path: '/%E2%82%AC?q=http://elsewhere.example/' },
    { ...PLACE, path: '/a/../b' },
    { ...PLACE, path: '/__wingmanx' },
    { ...PLACE, path: `/${'a'.repeat(MAX_PLACE_CHARS - 1)}` },
  ])('is taken as it is: %j', (place) => {
    expect(readPlace(place)).toEqual(place);
  });

  test('has nothing else in it', () => {
    expect(readPlace({ ...PLACE, method: 'POST', body: 'x' })).toEqual(PLACE);
  });

  test.each([
    'javascript:alert(1)',
    'http://elsewhere.example/',
    'data:text/html,x',
    '//elsewhere.example/',
    '/\\elsewhere.example/',
    '/\t/elsewhere.example/',
    '\\\\elsewhere.example/',
    '',
    'relative',
    '/with space',
    '/ünïcode',
    '/line\nbreak',
    `/${'a'.repeat(MAX_PLACE_CHARS)}`,
    '/__wingman/ports',
    '/__wingman',
    '/a/../__wingman/together',
    '/a/%2e%2e/__wingman/together',
    7,
    null,
    undefined,
    ['/'],
  ])('leads to no other origin and to no page of ours: %j', (path) => {
    expect(readPlace({ ...PLACE, path })).toBeUndefined();
  });

  test.each([
    [{ scroll: [0] }],
    [{ scroll: [0, 1, 0] }],
    [{ scroll: [0, 1.1] }],
    [{ scroll: [-0.1, 0] }],
    [{ scroll: [NaN, 0] }],
    [{ scroll: ['0', 0] }],
    [{ scroll: null }],
    [{ scroll: { 0: 0, 1: 0, length: 2 } }],
    [{ pointer: [2, 0] }],
    [{ pointer: undefined }],
    [{ pointer: 'here' }],
  ])('is refused with %j', (fields) => {
    expect(readPlace({ ...PLACE, ...fields })).toBeUndefined();
  });

  test.each([null, undefined, 1, 'place', [], true])('%j is none', (value) => {
    expect(readPlace(value)).toBeUndefined();
  });
});

test('what is no object has no fields', () => {
  expect([null, 1, 'x', undefined].map(fieldsOf)).toEqual([{}, {}, {}, {}]);
  expect(fieldsOf({ a: 1 })).toEqual({ a: 1 });
});
