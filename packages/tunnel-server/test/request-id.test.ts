import { expect, test } from '@jest/globals';
import type { Header } from '@wingman/protocol';
import { answer } from './support/fake-host.js';
import { fetchWhole } from './support/http.js';
import { startServer, startSession } from './support/server.js';

/** What the app is told, in a session whose host answers with it. */
async function idsAtTheApp(given: string | undefined): Promise<string[]> {
  const heads: (readonly Header[])[] = [];
  const { host, server } = await startSession({
    request: (incoming) => {
      heads.push(incoming.head.headers);
      answer(incoming, 200, 'hello');
    },
  });
  const headers = given === undefined ? {} : { 'x-request-id': given };
  await fetchWhole(server.port, host.name, '/', { headers });
  return heads.flat().flatMap(({ name, value }) => (name === 'x-request-id' ? [value] : []));
}

test('each request by plain HTTP gets an id of its own', async () => {
  const [[one = ''], [other = '']] = [await idsAtTheApp(undefined), await idsAtTheApp(undefined)];
  expect(one).toMatch(/^[0-9a-f]{16}$/);
  expect(other).not.toBe(one);
});

test('the id of a proxy stays', async () => {
  expect(await idsAtTheApp('6ba7b810-9dad-11d1')).toEqual(['6ba7b810-9dad-11d1']);
});

test.each(['a b', '{"forged":"line"}', 'x'.repeat(65), ''])(
  'what no log should hold is replaced: %j',
  async (given) => {
    expect(await idsAtTheApp(given)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
  },
);

test('a problem names the request: in the header, as JSON and on the page', async () => {
  const server = await startServer();
  const ask = (accept: string) =>
    fetchWhole(server.port, 'localhost', '/nowhere', {
      headers: { accept, 'x-request-id': 'from-the-proxy' },
    });
  const [json, page] = [await ask('*/*'), await ask('text/html')];
  expect(json.headers['x-request-id']).toBe('from-the-proxy');
  expect(JSON.parse(json.text)).toMatchObject({ error: { requestId: 'from-the-proxy' } });
  expect(page.text).toContain('Request from-the-proxy');
});
