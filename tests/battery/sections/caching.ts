/**
 * RFC 9111 and Fetch section 4.6, "HTTP-network-or-cache fetch": what a second request for the same gives. The body is the
 * number of the answer it came with, and x-count the number of the last one, a 304 too.
 */
export function caching(): Record<string, () => unknown> {
  const once = (): string => `id=${Math.random()}`;
  const asked = async (url: string, init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(url, init);
    return [answer.status, await answer.text(), answer.headers.get('x-count')];
  };
  /** What the second request gives for an answer with these fields. All begin at once, to wait only once. */
  const again = (fields: Record<string, string>, first?: RequestInit, second = first) => {
    const url = `/counted?${once()}&${new URLSearchParams(fields).toString()}`;
    const answered = asked(url, first).then(() => asked(url, second));
    answered.catch(() => undefined);
    return () => answered;
  };
  const past = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const future = 'Fri, 01 Jan 2100 00:00:00 GMT';
  const assertions: Record<string, () => unknown> = {
    'max-age': again({ 'cache-control': 'max-age=60' }),
    'max-age=0 with a name': again({ 'cache-control': 'max-age=0', etag: '"1"' }),
    immutable: again({ 'cache-control': 'max-age=60, immutable' }),
    'a name alone': again({ etag: '"1"' }),
    'a weak name': again({ etag: 'W/"1"' }),
    'a date alone, with no-cache': again({ 'cache-control': 'no-cache', 'last-modified': past }),
    'no-cache before max-age': again({ 'cache-control': 'no-cache, max-age=60', etag: '"1"' }),
    'no-store': again({ 'cache-control': 'no-store', etag: '"1"' }),
    'must-revalidate while fresh': again({ 'cache-control': 'max-age=60, must-revalidate' }),
    private: again({ 'cache-control': 'private, max-age=60' }),
    'Expires to come': again({ expires: future }),
    'Expires over': again({ expires: past, etag: '"1"' }),
    'Expires that is none': again({ expires: '0', etag: '"1"' }),
    'max-age before Expires': again({ 'cache-control': 'max-age=0', expires: future }),
    'Age beyond max-age': again({ 'cache-control': 'max-age=60', age: '61' }),
    'Age below max-age': again({ 'cache-control': 'max-age=60', age: '30' }),
    'Vary: *': again({ 'cache-control': 'max-age=60', vary: '*' }),
    'Vary that agrees': again({ 'cache-control': 'max-age=60', vary: 'x-own' }),
    'Vary that differs': again(
      { 'cache-control': 'max-age=60', vary: 'x-own' },
      { headers: { 'x-own': '1' } },
      { headers: { 'x-own': '2' } },
    ),
    'conditions of the page': again({ etag: '"1"' }, {}, { headers: { 'if-none-match': '"1"' } }),
    'no-cache of the page': again(
      { 'cache-control': 'max-age=60' },
      {},
      { headers: { 'cache-control': 'no-cache' } },
    ),
    'a POST makes it old': async () => {
      const url = `/counted?${once()}&cache-control=max-age%3D60`;
      await asked(url);
      await asked(url, { method: 'POST' });
      return asked(url);
    },
  };
  const modes = ['default', 'no-store', 'reload', 'no-cache', 'force-cache'] as const;
  for (const cache of [...modes, 'only-if-cached' as const]) {
    const second = { cache, mode: 'same-origin' as const };
    assertions[`fresh, then ${cache}`] = again({ 'cache-control': 'max-age=60' }, {}, second);
    assertions[`old, then ${cache}`] = again(
      { 'cache-control': 'no-cache', etag: '"1"' },
      {},
      second,
    );
  }
  return assertions;
}
