import { describe, expect, test } from '@jest/globals';
import { BodyLengths, lengthOf } from '../../src/shim/body-lengths.js';

const URL_ = 'https://s.example/';

function setUp() {
  // Each realm has a class of its own.
  const realm = { Request: class extends Request {} };
  const lengths = new BodyLengths(realm as unknown as typeof globalThis);
  return { realm, lengths };
}

const post = (body: BodyInit): RequestInit => ({ method: 'POST', body });

describe('the length of a body', () => {
  test.each<[string, unknown, number]>([
    ['text in UTF-8', 'zwölf €', 10],
    ['half a character, which is sent as another', '\ud83d', 3],
    ['bytes', new ArrayBuffer(7), 7],
    ['a part of bytes', new Uint8Array(new ArrayBuffer(7), 2, 3), 3],
    ['a blob', new Blob(['ä']), 2],
    ['a file', new File(['four'], 'name'), 4],
    ['nothing', '', 0],
  ])('of %s is known', (_, body, length) => {
    expect(lengthOf(body)).toBe(length);
  });

  test.each<[string, unknown]>([
    ['a form', new FormData()],
    ['fields of a form', new URLSearchParams('a=1')],
    ['a stream', new ReadableStream()],
    ['no body', null],
  ])('of %s is not', (_, body) => {
    expect(lengthOf(body)).toBeUndefined();
  });
});

describe('a call of fetch', () => {
  test('sends the body of its options, and without one that of its Request', () => {
    const { realm, lengths } = setUp();
    const request = new realm.Request(URL_, post('four'));
    expect([lengths.of(request), lengths.of(request, {})]).toEqual([4, 4]);
    expect(lengths.of(request, post('longer'))).toBe(6);
    expect(lengths.of(URL_, post('text'))).toBe(4);
    expect([lengths.of(URL_), lengths.of(null), lengths.of(URL_, null)]).toEqual(Array(3));
  });

  test('knows what a Request has from another, or is a copy of', () => {
    const { realm, lengths } = setUp();
    const first = new realm.Request(URL_, post('four'));
    const copy = first.clone();
    const second = new realm.Request(first, { headers: { 'x-own': '1' } });
    expect([lengths.of(copy), lengths.of(copy.clone()), lengths.of(second)]).toEqual([4, 4, 4]);
  });

  test('knows nothing of a stream, in whatever Request', () => {
    const { realm, lengths } = setUp();
    const init = { ...post(new Blob(['x']).stream()), duplex: 'half' } as RequestInit;
    expect(lengths.of(new realm.Request(URL_, init))).toBeUndefined();
  });
});

test('the class of requests is to scripts what it was', () => {
  const { realm } = setUp();
  class Own extends realm.Request {}
  const request = new Own(URL_);
  expect(request).toBeInstanceOf(realm.Request);
  expect(new realm.Request(URL_).constructor).toBe(realm.Request);
  expect([realm.Request.prototype.clone.name, request.clone()]).toEqual([
    'clone',
    expect.any(Request),
  ]);
});
