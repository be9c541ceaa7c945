import { describe, expect, jest, test } from '@jest/globals';
import { create, header, headerValue, ResponseHead, type HttpResponse } from '@wingman/protocol';
import type { FetchHead } from '../src/shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../src/shared/limits.js';
import { Downloads } from '../src/worker/downloads.js';
import { withFirstReferrer } from '../src/worker/preload.js';
import type { SendRequest } from '../src/worker/serve-fetch.js';

const ORIGIN = 'https://s.example';
const { signal } = new AbortController();

function navigation(target: string, fields: Partial<FetchHead> = {}): FetchHead {
  return {
    method: 'GET',
    target,
    headers: [],
    destination: 'iframe',
    mode: 'navigate',
    hasBody: false,
    hasCredentials: true,
    ...fields,
  };
}

/** A way on which everything is answered the same, and what has gone over it. */
function answering(
  status: number,
  headers: Readonly<Record<string, string>>,
): { send: SendRequest; sent: FetchHead[] } {
  const sent: FetchHead[] = [];
  const fields = Object.entries(headers).map(([name, value]) => header(name, value));
  const head = create(ResponseHead, { status, headers: fields });
  const response = { head, body: nothing(), trailers: Promise.resolve([]) } satisfies HttpResponse;
  const send: SendRequest = (asked) => {
    sent.push(asked);
    return Promise.resolve(response);
  };
  return { send, sent };
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** What the answer to each of these is to be saved as. */
async function saved(send: SendRequest, ...targets: string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const target of targets) {
    const { head } = await send(navigation(target), { signal });
    answers.push(headerValue(head.headers, 'content-disposition'));
  }
  return answers;
}

describe('what `<a download>` asks for', () => {
  test.each<[string | undefined, string, string]>([
    [undefined, '', 'attachment'],
    [undefined, 'a.txt', "attachment; filename*=UTF-8''a.txt"],
    [undefined, "Ü 'b' (1)*", "attachment; filename*=UTF-8''%C3%9C%20%27b%27%20%281%29%2A"],
    ['attachment; filename="own.txt"', 'link.txt', 'attachment; filename="own.txt"'],
    ['attachment', 'link.txt', "attachment; filename*=UTF-8''link.txt"],
    ['inline; filename="own.txt"', 'link.txt', "attachment; filename*=UTF-8''link.txt"],
    ['inline; filename="own.txt"', '', 'attachment; filename="own.txt"'],
  ])('%j named %j becomes %s', async (own, name, expected) => {
    const downloads = new Downloads(ORIGIN);
    const { send } = answering(200, own === undefined ? {} : { 'content-disposition': own });
    downloads.announce(`${ORIGIN}/data?all`, name);
    expect(await saved(downloads.through(send), '/data?all')).toEqual([expected]);
  });

  test('is known by its URL, once for each time it was announced', async () => {
    const downloads = new Downloads(ORIGIN);
    const { send, sent } = answering(200, {});
    downloads.announce(`${ORIGIN}/data`, 'one');
    downloads.announce(`${ORIGIN}/data`, 'two');
    const named = (name: string): string => `attachment; filename*=UTF-8''${name}`;
    expect(await saved(downloads.through(send), '/other', '/data', '/data', '/data')).toEqual([
      undefined,
      named('one'),
      named('two'),
      undefined,
    ]);
    expect(sent.map(({ destination }) => destination)).toEqual([
      'iframe',
      'empty',
      'empty',
      'iframe',
    ]);
  });

  test.each<Partial<FetchHead>>([
    { destination: 'empty', mode: 'cors' },
    { method: 'POST' },
    { port: 8080 },
  ])('is a navigation of a frame in the app, not %j', async (fields) => {
    const downloads = new Downloads(ORIGIN);
    const { send } = answering(200, {});
    downloads.announce(`${ORIGIN}/data`, 'one');
    const { head } = await downloads.through(send)(navigation('/data', fields), { signal });
    expect(head.headers).toEqual([]);
  });

  test('follows a redirect, which is no file itself, as long as it stays in the app', async () => {
    const downloads = new Downloads(ORIGIN);
    downloads.announce(`${ORIGIN}/folder/old`, 'a.txt');
    const moved = answering(302, { location: 'new#part' });
    expect(await saved(downloads.through(moved.send), '/folder/old')).toEqual([undefined]);
    const away = answering(302, { location: 'https://other.example/folder/new' });
    expect(await saved(downloads.through(away.send), '/folder/new')).toEqual([undefined]);
    expect(away.sent[0]?.destination).toBe('empty');
    expect(await saved(downloads.through(away.send), '/folder/new')).toEqual([undefined]);
    expect(away.sent[1]?.destination).toBe('iframe');
  });

  test('is forgotten, and said to be, when too many are never asked for', async () => {
    const complaint = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const downloads = new Downloads(ORIGIN);
    downloads.announce(`${ORIGIN}/data`, 'first');
    for (let count = 0; count < BROWSER_LIMITS.maxDownloads; count += 1) {
      downloads.announce(`${ORIGIN}/data${count}`, 'later');
    }
    const { send } = answering(200, {});
    expect(await saved(downloads.through(send), '/data')).toEqual([undefined]);
    expect(complaint.mock.calls).toEqual([[expect.stringMatching(/not saved: \/data$/)]]);
    complaint.mockRestore();
  });
});

describe('the referrer of a tab', () => {
  const first = navigation('/', { headers: [['referer', 'https://other.example/']] });
  const refererOf = ({ headers }: FetchHead): string | undefined =>
    headers.find(([name]) => name === 'referer')?.[1];

  test('is that of its first page only', async () => {
    const { send, sent } = answering(200, {});
    const through = withFirstReferrer(first, send);
    await through(navigation('/other'), { signal });
    await through(navigation('/', { destination: 'empty', mode: 'cors' }), { signal });
    await through(navigation('/'), { signal });
    await through(navigation('/'), { signal });
    expect(sent.map(refererOf)).toEqual([
      undefined,
      undefined,
      'https://other.example/',
      undefined,
    ]);
  });

  test.each([null, navigation('/')])('is none where the tab has none', async (none) => {
    const { send, sent } = answering(200, {});
    await withFirstReferrer(none, send)(navigation('/'), { signal });
    expect(sent.map(refererOf)).toEqual([undefined]);
  });
});
