import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { IncomingRequest } from '@wingman/protocol';
import { portFetch } from '../../src/service-worker/port-fetch.js';
import { eventually } from '../support/linked-host.js';
import { asked, ORIGIN, reply, tunnelledTab } from '../support/tunnelled-tab.js';

/** The app's own origin on the developer's machine, and a port that is shared beside it. */
const APP = 'http://localhost:3000';
const API = 'http://localhost:8080';
const CONSENT: [string, string][] = [['access-control-allow-origin', APP]];

const closes: (() => void)[] = [];

function setUp(answer: (incoming: IncomingRequest) => void, found = {}) {
  const tab = tunnelledTab(answer, found);
  closes.push(tab.close);
  const fetchIt = (url: string, init = {}): Promise<Response> =>
    portFetch(asked(url, init), tab.tools);
  return { ...tab, fetch: fetchIt };
}

const always =
  (status = 200, headers: [string, string][] = [], body = 'data') =>
  (incoming: IncomingRequest): void =>
    reply(incoming, status, headers, body);

afterEach(() => {
  for (const close of closes.splice(0)) close();
  jest.restoreAllMocks();
});

describe('a request for a port of the developer’s machine', () => {
  test('goes to that port, from the app’s origin there', async () => {
    const { fetch, received } = setUp(always(200, CONSENT));
    const response = await fetch(`${API}/items?a=1`);
    expect(await response.text()).toBe('data');
    expect(received[0]).toMatchObject({ method: 'GET', target: '/items?a=1', port: 8080 });
    expect(received[0]?.headers.get('host')).toBe('localhost:8080');
    // The host writes the app's origin in the place of ours.
    expect(received[0]?.headers.get('origin')).toBe(ORIGIN);
  });

  test('that is not shared is asked for, so that the developer hears of it; the host refuses, and the console says how to share it', async () => {
    const refused = always(403, [['wingman-error', 'PORT_NOT_ALLOWED']]);
    const { fetch, received, complaints } = setUp(refused);
    expect((await fetch('http://localhost:9999/')).type).toBe('error');
    expect(complaints).toEqual([expect.stringContaining('--also 9999')]);
    expect(received).toHaveLength(1);
  });

  test('asks once which ports are shared, and again for one that was not among them', async () => {
    const { fetch, questions } = setUp(always(200, CONSENT));
    await (await fetch(`${API}/`)).text();
    await (await fetch(`${API}/`)).text();
    expect(questions).toHaveLength(1);
    await fetch('http://localhost:9999/');
    expect(questions).toHaveLength(2);
  });

  test.each([{}, { port: '3000', also: [] }, { port: 3000, also: 8080 }])(
    'is refused when the host says %j of what it shares',
    async (shared) => {
      const tab = tunnelledTab(always(200, CONSENT), {}, shared);
      closes.push(tab.close);
      expect((await portFetch(asked(`${API}/`), tab.tools)).type).toBe('error');
      expect(tab.complaints).toEqual(['the host does not say which ports it shares']);
      expect(tab.received).toEqual([]);
      // It may be asked again: a broken answer is not remembered.
      await portFetch(asked(`${API}/`), tab.tools);
      expect(tab.questions).toHaveLength(2);
    },
  );

  test('that the page aborts is no complaint', async () => {
    const signals: AbortSignal[] = [];
    const { fetch, complaints } = setUp((incoming) => void signals.push(incoming.signal));
    const controller = new AbortController();
    const answer = fetch(`${API}/slow`, { signal: controller.signal });
    await eventually(() => signals.length === 1);
    controller.abort();
    expect((await answer).type).toBe('error');
    expect(complaints).toEqual([]);
    await eventually(() => signals[0]?.aborted === true);
  });

  test('with nobody at the port is a network error, and the console says so', async () => {
    const { fetch, complaints } = setUp(always(502, [['wingman-error', 'LOCAL_PORT_REFUSED']]));
    expect((await fetch(`${API}/`)).type).toBe('error');
    expect(complaints).toEqual([expect.stringMatching(/localhost:8080.*LOCAL_PORT_REFUSED/)]);
  });

  test('without a tunnel is the browser’s own', async () => {
    const spy = jest.spyOn(globalThis, 'fetch');
    spy.mockImplementation(() => Promise.resolve(new Response('own')));
    const { fetch } = setUp(always(), { port: null });
    expect(await (await fetch(`${API}/`)).text()).toBe('own');
  });
});

describe('what a page may read (Fetch, "CORS check")', () => {
  test('is nothing of an answer that doesn’t allow its origin', async () => {
    const { fetch, complaints } = setUp(always(200));
    expect((await fetch(`${API}/`)).type).toBe('error');
    expect(complaints).toEqual([
      `Access to '${API}/' from origin '${APP}' has been blocked by CORS policy: no 'Access-Control-Allow-Origin' header is present.`,
    ]);
  });

  test('are the fields that are safe or exposed', async () => {
    const fields: [string, string][] = [
      ...CONSENT,
      ['x-shown', '1'],
      ['x-hidden', '1'],
      ['access-control-expose-headers', 'X-Shown'],
    ];
    const { headers } = await setUp(always(200, fields)).fetch(`${API}/`);
    expect([headers.get('x-shown'), headers.get('x-hidden')]).toEqual(['1', null]);
  });

  test('is everything of the app’s own port: on that machine it is the same origin', async () => {
    const { fetch, received } = setUp(always(200, [['x-own', '1']]));
    const response = await fetch(`${APP}/`);
    expect(response.headers.get('x-own')).toBe('1');
    expect(received[0]?.headers.has('origin')).toBe(false);
  });

  test('is the same at the page’s own host: it stands for localhost', async () => {
    const { fetch, received } = setUp(always(200, [['x-own', '1'], ...CONSENT]));
    const own = await fetch('https://s.example:3000/');
    expect(own.headers.get('x-own')).toBe('1');
    const api = await fetch('https://s.example:8080/', { credentials: 'include' });
    // With credentials it takes a consent that names them.
    expect(api.type).toBe('error');
    expect(received.map(({ port }) => port)).toEqual([3000, 8080]);
  });

  test('is not decided for a request without CORS: an image shows, a script reads nothing', async () => {
    const image = setUp(always());
    const shown = await image.fetch(`${API}/a.png`, { mode: 'no-cors', destination: 'image' });
    expect(await shown.text()).toBe('data');
    const script = setUp(always());
    const opaque = await script.fetch(`${API}/`, { mode: 'no-cors', destination: '' });
    expect([opaque.status, await opaque.text()]).toEqual([200, '']);
  });

  test.each([
    ['same-origin', API, true],
    ['same-site', API, false],
    ['same-site', 'http://127.0.0.1:8080', true],
    ['cross-origin', API, false],
  ])('keeps an image whose policy is %s from a page (%s): %j', async (policy, base, isBlocked) => {
    const { fetch } = setUp(always(200, [['cross-origin-resource-policy', policy]]));
    const response = await fetch(`${base}/a.png`, { mode: 'no-cors', destination: 'image' });
    expect(response.type === 'error').toBe(isBlocked);
  });

  test('a redirect of a script’s request without CORS can be followed', async () => {
    const { fetch } = setUp(always(302, [['location', '/other']]));
    const response = await fetch(`${API}/`, { mode: 'no-cors', destination: '' });
    expect([response.status, response.headers.get('location')]).toEqual([302, `${API}/other`]);
  });

  test('an EventSource that is refused is not tried again', async () => {
    const { fetch } = setUp(always());
    const response = await fetch(`${API}/`, { headers: { accept: 'text/event-stream' } });
    expect(response.status).toBe(403);
  });
});

describe('the preflight (Fetch, "CORS-preflight fetch")', () => {
  const JSON_POST = {
    ...{ method: 'POST', body: '{}' },
    headers: { 'content-type': 'application/json', 'x-own': '1' },
  };
  const allowing = (more: [string, string][] = []) => {
    const fields: [string, string][] = [
      ...CONSENT,
      ['access-control-allow-headers', 'content-type, x-own'],
    ];
    return setUp(always(200, [...fields, ...more]));
  };

  test('comes first, without credentials, and asks for what the page wants to send', async () => {
    const { fetch, received } = allowing();
    await (await fetch(`${API}/items`, JSON_POST)).text();
    expect(received.map(({ method, target }) => [method, target])).toEqual([
      ['OPTIONS', '/items'],
      ['POST', '/items'],
    ]);
    expect(Object.fromEntries(received[0]?.headers ?? [])).toEqual({
      accept: '*/*',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-own',
      host: 'localhost:8080',
      origin: ORIGIN,
      'user-agent': 'agent',
    });
    expect(received[1]?.body).toBe('{}');
  });

  test('ends with the tab that carries it, as the request does', async () => {
    const { fetch, tools } = allowing();
    const add = jest.spyOn(tools.exchanges, 'add');
    await (await fetch(`${API}/items`, JSON_POST)).text();
    expect(add.mock.calls.map(([tab]) => tab)).toEqual(['tab-1', 'tab-1']);
  });

  test('that is refused keeps the request from being sent', async () => {
    const { fetch, received, complaints } = setUp(always(200, CONSENT));
    expect((await fetch(`${API}/items`, JSON_POST)).type).toBe('error');
    expect(received.map(({ method }) => method)).toEqual(['OPTIONS']);
    expect(complaints[0]).toContain('the preflight was refused: request header content-type');
  });

  test('holds for a while, for the same question only', async () => {
    const { fetch, received } = allowing([['access-control-max-age', '60']]);
    const methods = async (init: object, url = `${API}/items`): Promise<string[]> => {
      received.length = 0;
      await (await fetch(url, init)).text();
      return received.map(({ method }) => method);
    };
    expect(await methods(JSON_POST)).toEqual(['OPTIONS', 'POST']);
    expect(await methods(JSON_POST)).toEqual(['POST']);
    const fewer = { ...JSON_POST, headers: { 'x-own': '1' } };
    expect(await methods(fewer)).toEqual(['OPTIONS', 'POST']);
    expect(await methods(JSON_POST, `${API}/other`)).toEqual(['OPTIONS', 'POST']);
  });

  test('is asked for again when its time is over', async () => {
    const { fetch, received } = allowing([['access-control-max-age', '60']]);
    await (await fetch(`${API}/`, JSON_POST)).text();
    const now = Date.now();
    jest.spyOn(Date, 'now').mockReturnValue(now + 61_000);
    await (await fetch(`${API}/`, JSON_POST)).text();
    expect(received.map(({ method }) => method)).toEqual(['OPTIONS', 'POST', 'OPTIONS', 'POST']);
  });

  test('is left out within the app’s own origin, and for what a form could send', async () => {
    const { fetch, received } = allowing();
    await (await fetch(`${APP}/items`, JSON_POST)).text();
    await (await fetch(`${API}/items`, { method: 'POST', body: 'a=1' })).text();
    expect(received.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  test('of a port with nobody behind it is told as that', async () => {
    const { fetch, complaints } = setUp(always(502, [['wingman-error', 'LOCAL_PORT_REFUSED']]));
    await fetch(`${API}/`, JSON_POST);
    expect(complaints).toEqual([expect.stringContaining('could not be reached')]);
  });
});
