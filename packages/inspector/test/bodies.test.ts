import { describe, expect, test } from '@jest/globals';
import type { LiveMessage } from '../src/api/index.js';
import { bodyKind, formFields, parsedJson, shownText } from '../src/page/body-kind.js';
import { eventLines } from '../src/page/messages-view.js';
import { fieldsOf } from '../src/page/replay-form.js';

describe('the form of a body', () => {
  test.each([
    ['application/json', 'json'],
    ['Application/Problem+JSON; charset=utf-8', 'json'],
    ['application/x-www-form-urlencoded', 'form'],
    ['multipart/form-data; boundary=x', 'form'],
    ['image/svg+xml', 'image'],
    ['text/html; charset=utf-8', 'html'],
    ['text/css', 'text'],
    ['', 'text'],
  ])('%j is %s', (type, kind) => {
    expect(bodyKind(type)).toBe(kind);
  });

  test('of a form is its fields, of which each may come again', () => {
    const type = 'application/x-www-form-urlencoded';
    expect(formFields('a=1&a=2&b=x+y%21', type)).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', 'x y!'],
    ]);
  });

  test('of a form with files is their names', () => {
    const body = [
      '--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nline\r\nline\r\n',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n',
      '--x--\r\n',
    ].join('');
    expect(formFields(body, 'multipart/form-data; boundary="x"')).toEqual([
      ['text', 'line\r\nline'],
      ['file', 'a.txt, 3 characters'],
    ]);
  });

  test('JSON that is cut, or a mere value, is text', () => {
    expect(parsedJson('{"a":[1]}')).toEqual({ a: [1] });
    expect([parsedJson('{"a":'), parsedJson('7'), parsedJson('null')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a long text is cut, and says so', () => {
    expect(shownText('short')).toEqual({ shown: 'short', isCut: false });
    const { shown, isCut } = shownText('x'.repeat(300_000));
    expect([shown.length, isCut]).toEqual([200_000, true]);
  });
});

test('events are read over the pieces in which they came', () => {
  const bytes = Buffer.from('data: ä\n\nevent: price\ndata: 1\ndata: 2\n\ndata: cut');
  const piece = (data: Buffer, id: number): LiveMessage => ({
    ...{ id, at: id, direction: 'download', isText: false, bytes: data.length, isCut: false },
    data: data.toString('base64'),
  });
  // In the middle of a character.
  const lines = eventLines([piece(bytes.subarray(0, 7), 1), piece(bytes.subarray(7), 2)]);
  expect(lines.map(({ mark, text, at }) => [mark, text, at])).toEqual([
    ['message', 'ä', 2],
    ['price', '1\n2', 2],
  ]);
});

test('edited fields are read line by line', () => {
  expect(fieldsOf('Accept: a:b\n\n nothing\nx-empty:\n: none')).toEqual([
    { name: 'Accept', value: 'a:b' },
    { name: 'x-empty', value: '' },
  ]);
});

describe('a form of several parts', () => {
  const type = 'multipart/form-data; boundary=x';

  test('may have a part with an empty value, and one without a name', () => {
    const body = [
      '--x\r\nContent-Disposition: form-data; name="empty"\r\n\r\n\r\n',
      '--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n',
      '--x--\r\n',
    ].join('');
    expect(formFields(body, type)).toEqual([
      ['empty', ''],
      ['', 'nameless'],
    ]);
  });

  test('takes bare line feeds, as some clients write them', () => {
    const body = '--x\nContent-Disposition: form-data; name="a"\n\n1\n--x--\n';
    expect(formFields(body, type)).toEqual([['a', '1']]);
  });

  test('keeps empty lines of a value, and what looks like a head in it', () => {
    const value = 'one\r\n\r\nname: two';
    const body = `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n${value}\r\n--x--`;
    expect(formFields(body, type)).toEqual([['a', value]]);
  });

  test('that was cut off shows the parts that are whole', () => {
    const part = (name: string): string =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n1\r\n`;
    expect(formFields(`${part('a')}${part('b')}--x\r\nContent-Disp`, type)).toEqual([
      ['a', '1'],
      ['b', '1'],
    ]);
  });
});
