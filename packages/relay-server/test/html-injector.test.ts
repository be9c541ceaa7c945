import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOST_LIMITS } from '../src/limits.js';
import { HtmlInjector, SHIM_TAG } from '../src/proxy/html-injector.js';

const TAG = SHIM_TAG;

function inject(document: Uint8Array, cuts: readonly number[] = []): Buffer {
  const injector = new HtmlInjector();
  const out: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(...injector.push(document.subarray(from, cut)));
    from = Math.max(from, cut);
  }
  out.push(...injector.push(document.subarray(from)), ...injector.finish());
  return Buffer.concat(out);
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('where the shim goes', () => {
  test.each([
    [
      'first in head',
      '<!doctype html><html><head><title>x</title>',
      '<!doctype html><html><head>|',
    ],
    [
      'after a head with attributes',
      '<head data-x="a>b" lang=en><p>',
      '<head data-x="a>b" lang=en>|',
    ],
    ['before the first element without a head', '<!doctype html>\n<p>hi', '<!doctype html>\n|'],
    ['before a script', '<script>"<head>"</script>', '|'],
    ['after a comment that mentions head', '<!-- <head> --><head><p>', '<!-- <head> --><head>|'],
    ['before plain text', '<!doctype html>hello <head>', '<!doctype html>|'],
    ['into upper case', '<!DOCTYPE HTML><HTML><HEAD><BODY>', '<!DOCTYPE HTML><HTML><HEAD>|'],
    ['not into <header>', '<html><header>', '<html>|'],
    ['before an end tag', '<html></head><p>', '<html>|'],
    ['before text that ends the document', 'hello', '|'],
    ['before text behind carriage returns', '\r\n\r\nhello', '|'],
    ['after a UTF-8 byte order mark', '\xef\xbb\xbf<head><p>', '\xef\xbb\xbf<head>|'],
    ['after a UTF-8 byte order mark, before text', '\xef\xbb\xbfhi', '\xef\xbb\xbf|'],
    [
      'behind CRLF',
      '<!doctype html>\r\n<html>\r\n<head>\r\n<p>',
      '<!doctype html>\r\n<html>\r\n<head>|',
    ],
    ['behind a NUL in a comment', '<!--\0--><head>', '<!--\0--><head>|'],
  ])('%s', (_name, document, expected) => {
    const at = expected.replace('|', '').length;
    const result = inject(latin1(document)).toString('latin1');
    expect(result).toBe(document.slice(0, at) + TAG + document.slice(at));
  });

  test.each([
    ['empty', ''],
    ['only a doctype', '<!doctype html>\n'],
    ['two bytes', '\n\n'],
    ['UTF-16, big end first', '\xfe\xff\0<\0h\0e\0a\0d\0>'],
    ['UTF-16, little end first', '\xff\xfe<\0h\0e\0a\0d\0>\0'],
  ])('nowhere: %s', (_name, document) => {
    expect(inject(latin1(document))).toEqual(latin1(document));
  });
});

describe('bytes', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<html>',
      '<head>',
      '<head a="',
      '<p>',
      '</p>',
      '<!--',
      '-->',
      '<!doctype html>',
    ),
    fc.constantFrom(
      '<script>',
      '</script>',
      '\r',
      '\n',
      '\r\n',
      ' ',
      '<',
      '>',
      '"',
      '<title>',
      '<svg>',
    ),
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
  );
  const html = fc.array(piece, { maxLength: 30 }).map((parts) => latin1(parts.join('')));

  test('the output without the script is the input, however it is cut', () => {
    fc.assert(
      fc.property(html, fc.array(fc.nat(200), { maxLength: 12 }), (document, cuts) => {
        const result = inject(document, cuts);
        expect(result).toEqual(inject(document));
        const text = result.toString('latin1');
        const at = text.indexOf(TAG);
        const rest = at < 0 ? text : text.slice(0, at) + text.slice(at + TAG.length);
        expect(rest).toBe(document.toString('latin1'));
      }),
      { numRuns: 500 },
    );
  });

  test('byte by byte gives the same', () => {
    const document = latin1(
      '<!doctype html>\r\n<!-- é --><html lang="de">\n<head >\n<title>ü</title>',
    );
    const cuts = Array.from({ length: document.length }, (_, index) => index);
    expect(inject(document, cuts)).toEqual(inject(document));
  });

  test('what follows the script is passed on as it comes', () => {
    const injector = new HtmlInjector();
    injector.push(latin1('<head>'));
    const chunk = latin1('<head><head>');
    expect(injector.push(chunk)).toEqual([chunk]);
    expect(injector.finish()).toEqual([]);
  });

  test('an endless comment is held only up to the cap', () => {
    const injector = new HtmlInjector();
    const block = Buffer.alloc(64 * 1024, 'x');
    let passed = injector.push(latin1('<!--')).length;
    for (let bytes = 0; bytes <= HOST_LIMITS.htmlHoldBytes; bytes += block.length) {
      passed += injector.push(block).length;
    }
    expect(passed).toBeGreaterThan(0);
    expect(injector.push(latin1('--><head>'))).toHaveLength(1);
  });
});
