import { afterEach, expect, jest, test } from '@jest/globals';
import { Assets } from '../src/service-worker/assets.js';

const PART = '/__wingman/sw-app-workers.js';

afterEach(() => void jest.restoreAllMocks());

/** A cache that holds one body at most, and how often the network was asked. */
function benchOf(kept: string | undefined, network: () => Promise<Response>) {
  const asked = jest.spyOn(globalThis, 'fetch').mockImplementation(network);
  const match = (url: string): Promise<Response | undefined> =>
    Promise.resolve(url === PART && kept !== undefined ? new Response(kept) : undefined);
  // Nothing else of the caches is used to read one script.
  const assets = new Assets('1', { match } as unknown as ConstructorParameters<typeof Assets>[1]);
  return { assets, asked };
}

test('the part for apps with a service worker comes from the cache without a word to the server', async () => {
  const { assets, asked } = benchOf('kept', () => Promise.reject(new TypeError('no network')));
  expect(await assets.appWorkersPart()).toBe('kept');
  expect(asked).not.toHaveBeenCalled();
});

test('the part comes from the server when it is not kept yet, with a deadline', async () => {
  const { assets, asked } = benchOf(undefined, () => Promise.resolve(new Response('fresh')));
  expect(await assets.appWorkersPart()).toBe('fresh');
  expect(asked).toHaveBeenCalledWith(PART, { signal: expect.any(AbortSignal) });
});

test.each([
  ['the server refuses it', () => Promise.resolve(new Response('', { status: 502 }))],
  ['the server can’t be reached', () => Promise.reject(new TypeError('no network'))],
])('there is none when %s', async (_, network) => {
  expect(await benchOf(undefined, network).assets.appWorkersPart()).toBeUndefined();
});
