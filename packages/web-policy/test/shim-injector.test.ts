import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WEB_POLICY_LIMITS } from '../src/limits.js';
import { injectShim, ShimInjector, shimStream, shimTag, takesShim } from '../src/shim-injector.js';

const TAG = shimTag(undefined, false);

function inject(
  document: Uint8Array,
  cuts: readonly number[] = [],
  injector = new ShimInjector(TAG),
): Buffer {
  const out: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(...injector.push(document.subarray(from, cut)));
    from = Math.max(from, cut);
  }
  out.push(...injector.push(document.subarray(from)), ...injector.finish());
  return Buffer.concat(out);
}

const latin1 = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, 'latin1'));

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
    ['before text behind carriage returns', '\r\n\r\nhello', '\r\n\r\n|'],
    ['at the end of an empty document', '', '|'],
    ['at the end of nothing but a doctype', '<!doctype html>\n', '<!doctype html>\n|'],
    ['at the end of two bytes', '\n\n', '\n\n|'],
    ['before a tag that doesn’t end', '<html><head', '<html>|'],
    ['before a comment that doesn’t end', '<html><!-- <head>', '<html>|'],
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
    ['the mark of UTF-16 alone', '\xfe\xff'],
    ['UTF-16, big end first', '\xfe\xff\0<\0h\0e\0a\0d\0>'],
    ['UTF-16, little end first', '\xff\xfe<\0h\0e\0a\0d\0>\0'],
  ])('nowhere: %s', (_name, document) => {
    expect(inject(latin1(document)).toString('latin1')).toBe(document);
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
        expect(rest).toBe(Buffer.from(document).toString('latin1'));
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
    const injector = new ShimInjector(TAG);
    injector.push(latin1('<head>'));
    const chunk = latin1('<head><head>');
    expect(injector.push(chunk)).toEqual([chunk]);
    expect(injector.finish()).toEqual([]);
  });

  test('an endless comment is held only up to the cap', () => {
    const injector = new ShimInjector(TAG);
    const block = Buffer.alloc(64 * 1024, 'x');
    let passed = injector.push(latin1('<!--')).length;
    for (let bytes = 0; bytes <= WEB_POLICY_LIMITS.htmlHoldBytes; bytes += block.length) {
      passed += injector.push(block).length;
    }
    expect(passed).toBeGreaterThan(0);
    expect(injector.push(latin1('--><head>'))).toHaveLength(1);
  });
});

describe('a document that may have the shim already', () => {
  const mayHaveIt = (document: string, tag: string, cuts?: number[]): string =>
    inject(latin1(document), cuts, new ShimInjector(tag, true)).toString('latin1');
  const given = '<!doctype html><head><script src="/__wingman/shim.js" nonce="x"></script><p>';

  test('has it once', () => {
    expect(mayHaveIt(given, TAG)).toBe(given);
  });

  test('is given the attributes that are new, before its own: the first of a name counts', () => {
    expect(mayHaveIt(given, shimTag('y', true))).toBe(
      '<!doctype html><head><script src="/__wingman/shim.js" data-isolated nonce="y" nonce="x"></script><p>',
    );
  });

  test.each(['<head><p>', '<head><script src="/__wingman/other.js">', '<head>', '<head><script s'])(
    'is given one where it has none: %s',
    (document) => {
      expect(mayHaveIt(document, TAG)).toBe(document.replace('<head>', `<head>${TAG}`));
    },
  );

  test('may be cut anywhere', () => {
    const whole = mayHaveIt(given, shimTag('y', false));
    for (let cut = 0; cut <= given.length; cut += 1) {
      expect(mayHaveIt(given, shimTag('y', false), [cut])).toBe(whole);
    }
  });

  test('is held back no further than to tell', () => {
    const injector = new ShimInjector(TAG, true);
    expect(injector.push(latin1('<head><scr'))).toEqual([]);
    expect(Buffer.concat(injector.push(latin1('y'))).toString()).toBe(`<head>${TAG}<scry`);
  });
});

describe('an element', () => {
  test.each([
    [undefined, false, '<script src="/__wingman/shim.js"></script>'],
    ['abc', false, '<script src="/__wingman/shim.js" nonce="abc"></script>'],
    ['abc', true, '<script src="/__wingman/shim.js" data-isolated nonce="abc"></script>'],
  ])('with nonce %s, isolated: %s', (nonce, isIsolated, expected) => {
    expect(shimTag(nonce, isIsolated)).toBe(expected);
  });

  test.each([
    ['text/html', true],
    [' TEXT/HTML ; charset=windows-1252', true],
    ['text/html; charset=utf-8', true],
    ['text/html; charset="UTF-16LE"', false],
    ['text/html; boundary=x; charset = utf16', false],
    ['text/htmlx', false],
    ['application/xhtml+xml', false],
    [null, false],
    [undefined, false],
  ])('in %s: %s', (type, takes) => {
    expect(takesShim(type)).toBe(takes);
  });
});

describe('streams', () => {
  const parts = ['<!doc', 'type html><he', 'ad><title>', 'x</title>'].map(latin1);
  const expected = `<!doctype html><head>${TAG}<title>x</title>`;

  test('of Node', async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield* parts;
    }
    const out: Uint8Array[] = [];
    for await (const chunk of injectShim(body(), TAG)) out.push(chunk);
    expect(Buffer.concat(out).toString()).toBe(expected);
  });

  test('of browsers', async () => {
    const body = new Blob(parts).stream().pipeThrough(shimStream(TAG));
    expect(await new Response(body).text()).toBe(expected);
  });

  test('of browsers, whose end decides', async () => {
    const body = new Blob(['<!doctype html>']).stream().pipeThrough(shimStream(TAG));
    expect(await new Response(body).text()).toBe(`<!doctype html>${TAG}`);
  });

  test('a reader that goes away ends the source', async () => {
    let reason: unknown;
    const body = new ReadableStream<Uint8Array>({ cancel: (why) => void (reason = why) });
    await body.pipeThrough(shimStream(TAG)).cancel('gone');
    expect(reason).toBe('gone');
  });

  test('a source that breaks off breaks it off', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(latin1('<!doctype html>'));
        controller.error(new Error('cut'));
      },
    });
    await expect(new Response(body.pipeThrough(shimStream(TAG))).text()).rejects.toThrow('cut');
  });
});

test('the element says where other ports have their pages', () => {
  const pages = new Map([
    [3000, 'https://s.example'],
    [8080, 'https://s-8080.example'],
  ]);
  expect(shimTag(undefined, false, 3000, pages)).toBe(
    '<script src="/__wingman/shim.js" data-port="3000" data-pages="8080=https://s-8080.example"></script>',
  );
});
