import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { appFetch, type Asked } from '../src/service-worker/app-fetch.js';
import { portFetch, type PortFetchTools } from '../src/service-worker/port-fetch.js';
import type { ShellEntry } from '../src/service-worker/shell-directory.js';

const ORIGIN = 'https://s.example';
const PLAIN: ShellEntry = {
  tab: 'tab',
  clientId: 'shell',
  port: null,
  session: '',
  isIsolated: false,
};

/** What went to the network past the tunnel. */
let inClear: string[];

beforeEach(() => {
  inClear = [];
  jest.spyOn(globalThis, 'fetch').mockImplementation((input) => {
    inClear.push((input as Request).url);
    return Promise.resolve(new Response('from the network'));
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** A request, in a service worker that finds this shell. */
function asked(url: string, found: ShellEntry | undefined, more: Partial<Request> = {}) {
  const { method, headers } = new Request(url, { method: 'POST', body: 'bye' });
  // A Request that navigates can't be made by a script.
  const request = { url, method, headers, mode: 'cors', destination: '', ...more } as Request;
  const event = { request, clientId: 'frame', resultingClientId: '', handled: Promise.resolve() };
  const tools = {
    directory: { find: () => Promise.resolve(found) },
    posts: { take: () => undefined },
  };
  // What is asked of them before a tunnel is found.
  return [event as unknown as Asked, tools as unknown as PortFetchTools] as const;
}

describe('a request that finds no shell', () => {
  test('fails, and never goes to the network', async () => {
    const response = await appFetch(...asked(`${ORIGIN}/beacon`, undefined));
    expect(response.type).toBe('error');
    expect(inClear).toEqual([]);
  });

  test('gets a page that says so where it is a page itself', async () => {
    const frame = { method: 'GET', mode: 'navigate', destination: 'iframe' } as const;
    const response = await appFetch(...asked(`${ORIGIN}/page`, undefined, frame));
    expect(response.headers.get('wingman-error')).toBe('TIMEOUT');
    expect(inClear).toEqual([]);
  });

  test('fails for another port of the developer’s machine too', async () => {
    const response = await portFetch(...asked('http://localhost:4000/x', undefined));
    expect(response.type).toBe('error');
    expect(inClear).toEqual([]);
  });
});

test('a request of a tab without a tunnel goes to the network', async () => {
  const response = await appFetch(...asked(`${ORIGIN}/beacon`, PLAIN));
  expect(await response.text()).toBe('from the network');
  expect(inClear).toEqual([`${ORIGIN}/beacon`]);
});

test('a passphrase goes through a tunnel or nowhere: the server must not see it', async () => {
  const frame = { mode: 'navigate', destination: 'iframe' } as const;
  const url = `${ORIGIN}/__wingman/entry`;
  expect((await appFetch(...asked(url, PLAIN, frame))).type).toBe('error');
  const unheard = await appFetch(...asked(url, undefined, frame));
  expect(unheard.headers.get('wingman-error')).toBe('TIMEOUT');
  expect(inClear).toEqual([]);
});
