import { describe, expect, test } from '@jest/globals';
import {
  checkClose,
  clampCode,
  parseProtocols,
  parseSocketUrl,
  sizeOf,
  takeData,
  wellFormed,
} from '../../src/shim/socket-rules.js';

const BASE = 'https://s.example/dir/page?q#fragment';

/** The exception that something raises; undefined for none. */
function raised(act: () => unknown): { name: string; message: string } | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

describe('the URL', () => {
  test.each([
    ['chat', 'wss://s.example/dir/chat'],
    ['/chat?a=1', 'wss://s.example/chat?a=1'],
    ['', 'wss://s.example/dir/page?q'],
    ['//other.example', 'wss://other.example/'],
    ['WS://other.example:80/', 'ws://other.example/'],
    ['http://other.example:8080/', 'ws://other.example:8080/'],
    ['wss://user:word@other.example/', 'wss://user:word@other.example/'],
  ])('%j means %s', (url, expected) => {
    expect(parseSocketUrl(url, BASE).href).toBe(expected);
  });

  test.each(['ftp://a/', 'blob:https://s.example/1', 'data:,x', 'javascript:0'])(
    '%j has no scheme of WebSockets',
    (url) => {
      expect(raised(() => parseSocketUrl(url, BASE))?.message).toContain("must be 'ws' or 'wss'");
    },
  );

  test('errors are exceptions of the realm that has asked', () => {
    class OwnException extends DOMException {}
    const error = raised(() => parseSocketUrl('ws://[', BASE, { DOMException: OwnException }));
    expect(error).toBeInstanceOf(OwnException);
    expect(error).toMatchObject({ name: 'SyntaxError' });
    expect(raised(() => parseProtocols('a b', OwnException))).toBeInstanceOf(OwnException);
    expect(raised(() => checkClose(1, '', OwnException))).toBeInstanceOf(OwnException);
  });
});

describe('the subprotocols', () => {
  test('are what WebIDL makes of a text or a sequence', () => {
    expect(parseProtocols([])).toEqual([]);
    expect(parseProtocols(['a', 1, true])).toEqual(['a', '1', 'true']);
    expect(parseProtocols({ toString: () => 'own' })).toEqual(['own']);
  });

  test.each([
    ['a text with a space', 'a b'],
    ['a comma', 'a,b'],
    ['a bracket', ['a', '(b)']],
    ['other letters than ASCII', 'ä'],
    ['nothing', ''],
    ['the same again', ['a', 'b', 'a']],
  ])('with %s are a SyntaxError (WebSockets standard, "constructor", steps 9 and 10)', (_, bad) => {
    expect(raised(() => parseProtocols(bad))).toMatchObject({ name: 'SyntaxError' });
  });
});

describe('the arguments of close', () => {
  test.each<[unknown, number | undefined]>([
    [undefined, undefined],
    [1000, 1000],
    ['3001', 3001],
    [null, 0],
    ['word', 0],
    [-5, 0],
    [70_000, 65_535],
    [3000.4, 3000],
    [Infinity, 65_535],
  ])('a code of %j counts as %j (WebIDL, [Clamp] unsigned short)', (code, expected) => {
    expect(clampCode(code as number)).toBe(expected);
  });

  test('the reason is measured in bytes, not in characters', () => {
    expect(raised(() => checkClose(1000, 'a'.repeat(123)))).toBeUndefined();
    expect(raised(() => checkClose(1000, 'a'.repeat(124)))).toMatchObject({ name: 'SyntaxError' });
    expect(raised(() => checkClose(1000, '€'.repeat(41)))).toBeUndefined();
    expect(raised(() => checkClose(1000, '€'.repeat(42)))).toMatchObject({ name: 'SyntaxError' });
  });

  test('a code that is wrong comes before a reason that is too long', () => {
    const error = raised(() => checkClose(1006, 'a'.repeat(200)));
    expect(error).toMatchObject({ name: 'InvalidAccessError' });
  });
});

describe('what is sent', () => {
  test('of a view are the bytes that it shows', () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    expect(takeData(whole.subarray(1, 3))).toEqual(Uint8Array.of(2, 3));
    expect(takeData(new DataView(whole.buffer, 3))).toEqual(Uint8Array.of(4));
    expect(takeData(Uint16Array.of(1))).toEqual(Uint8Array.of(1, 0));
  });

  test('is a copy, which a change of the buffer does not reach', () => {
    const own = Uint8Array.of(1);
    const [view, buffer] = [takeData(own), takeData(own.buffer)];
    own[0] = 9;
    expect([view, buffer]).toEqual([Uint8Array.of(1), Uint8Array.of(1)]);
  });

  test('may be shared memory, or a buffer of another realm', () => {
    const shared = new SharedArrayBuffer(2);
    new Uint8Array(shared).set([5, 6]);
    const taken = takeData(shared);
    expect(taken).toEqual(Uint8Array.of(5, 6));
    expect((taken as Uint8Array).buffer).toBeInstanceOf(ArrayBuffer);
    const foreign = new ArrayBuffer(1);
    Object.setPrototypeOf(foreign, { [Symbol.toStringTag]: 'ArrayBuffer' });
    expect(takeData(foreign)).toEqual(Uint8Array.of(0));
  });

  test('of a blob or a file is read later', () => {
    const blob = new Blob(['x']);
    expect(takeData(blob)).toBe(blob);
    const file = Object.assign(Object.create({ [Symbol.toStringTag]: 'File' }), {
      size: 3,
    }) as Blob;
    expect(takeData(file)).toBe(file);
  });

  test.each<[unknown, string]>([
    ['text', 'text'],
    [42, '42'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{ toString: () => 'own' }, 'own'],
    [['a', 'b'], 'a,b'],
  ])('of anything else (%j) is its text', (data, expected) => {
    expect(takeData(data as string)).toBe(expected);
  });

  test('has lone surrogates replaced (WebIDL, USVString), and pairs kept', () => {
    expect(wellFormed('a\ud800b')).toBe('a\ufffdb');
    expect(wellFormed('\udc00\ud800')).toBe('\ufffd\ufffd');
    expect(wellFormed('\ud83d\ude00')).toBe('😀');
    expect(wellFormed('\ud83d\ud83d\ude00\ude00')).toBe('\ufffd😀\ufffd');
  });

  test('counts as many bytes as it has on the wire', () => {
    expect([sizeOf(''), sizeOf('é€😀'), sizeOf('\ufffd')]).toEqual([0, 9, 3]);
    expect([sizeOf(new Uint8Array(7)), sizeOf(new Blob(['four']))]).toEqual([7, 4]);
  });
});
