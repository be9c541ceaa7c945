import { describe, expect, test } from '@jest/globals';
import { ResponseHead, create, header, headerValue } from '@wingman/protocol';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { withAsciiFields } from '../src/worker/ascii-fields.js';

const PAGE: FetchHead = {
  ...{ method: 'GET', target: '/', headers: [], destination: 'iframe', mode: 'navigate' },
  ...{ hasBody: false, hasCredentials: true },
};

async function* nothing(): AsyncIterable<Uint8Array> {}

/** What becomes of a field. */
async function sent(name: string, value: string): Promise<string | undefined> {
  const head = create(ResponseHead, { status: 200, headers: [header(name, value)] });
  const response = { head, body: nothing(), trailers: Promise.resolve([]) };
  const send = withAsciiFields(() => Promise.resolve(response));
  const { signal } = new AbortController();
  return headerValue((await send(PAGE, { signal })).head.headers, name);
}

/** As it arrives: a character for each byte. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe('a field beyond ASCII', () => {
  test.each([
    ["script-src 'none'; img-src é", "script-src 'none';"],
    ["é; script-src 'none'", "; script-src 'none'"],
    ["script-src 'none' é", ''],
    ["img-src 'self'; font-src é, script-src 'none'", "img-src 'self';, script-src 'none'"],
    ["script-src 'none'", "script-src 'none'"],
  ])('has no directive beyond ASCII: %s', async (policy, expected) => {
    expect(await sent('content-security-policy', policy)).toBe(expected);
    expect(await sent('content-security-policy-report-only', policy)).toBe(expected);
  });

  test('allows no origin beyond ASCII', async () => {
    expect(await sent('timing-allow-origin', 'é, https://a.example')).toBe(', https://a.example');
  });

  test('leads where its bytes say', async () => {
    expect(await sent('location', `/${utf8('ü')}?\u00FF`)).toBe('/%C3%BC?%FF');
  });

  test.each([
    [
      utf8('attachment; filename="ü \\"1\\".txt"'),
      "attachment; filename*=UTF-8''%C3%BC%20%221%22.txt",
    ],
    [utf8('inline;filename=概要.txt; a=b'), "inline; filename*=UTF-8''%E6%A6%82%E8%A6%81.txt; a=b"],
    ['attachment; filename="a.txt"', 'attachment; filename="a.txt"'],
    // In an encoding that nobody has named.
    ['attachment; filename="ü.txt"', 'attachment; filename="ü.txt"'],
    [
      utf8(`attachment; filename="ü"; filename*=UTF-8''u`),
      utf8(`attachment; filename="ü"; filename*=UTF-8''u`),
    ],
  ])('names the file that its bytes name: %s', async (value, expected) => {
    expect(await sent('content-disposition', value)).toBe(expected);
  });

  test('of the app’s own is as it is', async () => {
    expect(await sent('x-name', 'é')).toBe('é');
  });
});
