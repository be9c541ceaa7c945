import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { PROBLEM_HEADER } from '@wingman/protocol';
import { REQUEST_ID, uploadChannel } from '../../src/shared/request-fields.js';
import { appFetch } from '../../src/service-worker/app-fetch.js';
import { eventually, head } from '../support/linked-host.js';
import { asked, FRAME, ORIGIN, reply, tunnelledTab } from '../support/tunnelled-tab.js';

const closes: (() => void)[] = [];

function setUp(...args: Parameters<typeof tunnelledTab>) {
  const tab = tunnelledTab(...args);
  closes.push(tab.close);
  return tab;
}

/** Answers of the network, past the tunnel; each call is kept. */
function network() {
  const spy = jest.spyOn(globalThis, 'fetch');
  spy.mockImplementation(() => Promise.resolve(new Response('from the network')));
  return spy;
}

afterEach(() => {
  for (const close of closes.splice(0)) close();
  jest.restoreAllMocks();
});

describe('a request of the app', () => {
  test('goes through the tunnel of its tab, with what the browser would have added', async () => {
    const { tools, received } = setUp((incoming) => reply(incoming, 201, [['x-own', '1']], 'made'));
    const init = { method: 'POST', body: 'a=1', headers: { 'x-page': 'yes' } };
    const response = await appFetch(asked(`${ORIGIN}/api?q=1#part`, init), tools);
    expect([response.status, response.headers.get('x-own')]).toEqual([201, '1']);
    expect(await response.text()).toBe('made');
    await eventually(() => received[0]?.body === 'a=1');
    expect(received[0]).toMatchObject({ method: 'POST', target: '/api?q=1', port: 0 });
    const fields = {
      'x-page': 'yes',
      origin: ORIGIN,
      'user-agent': 'agent',
      'content-length': '3',
    };
    expect(Object.fromEntries(received[0]?.headers ?? [])).toMatchObject(fields);
  });

  test('that the page aborts ends at the host, and as a network error in the page', async () => {
    const signals: AbortSignal[] = [];
    const { tools } = setUp((incoming) => void signals.push(incoming.signal));
    const controller = new AbortController();
    const answer = appFetch(asked(`${ORIGIN}/slow`, { signal: controller.signal }), tools);
    await eventually(() => signals.length === 1);
    controller.abort();
    expect((await answer).type).toBe('error');
    await eventually(() => signals[0]?.aborted === true);
  });

  test.each([
    ['UPSTREAM_ABORTED', 'error'],
    ['LOCAL_PORT_REFUSED', 'error'],
    ['LIMIT_EXCEEDED', 'default'],
  ])(
    'that has no answer, as %s says, is a response of type %s, and a page to a person',
    async (code, type) => {
      const { tools } = setUp((incoming) => reply(incoming, 502, [[PROBLEM_HEADER, code]], 'why'));
      expect((await appFetch(asked(`${ORIGIN}/api`), tools)).type).toBe(type);
      const page = await appFetch(asked(`${ORIGIN}/page`, FRAME), tools);
      expect([page.status, await page.text()]).toEqual([502, 'why']);
    },
  );

  test('for the cache alone is a network error, and nobody is asked', async () => {
    const { tools, received } = setUp((incoming) => reply(incoming, 200, [], 'fresh'));
    const init = { cache: 'only-if-cached', mode: 'same-origin' } as const;
    const request = new Request(`${ORIGIN}/api`, init);
    expect((await appFetch({ ...asked(`${ORIGIN}/`), request }, tools)).type).toBe('error');
    await (await appFetch(asked(`${ORIGIN}/other`), tools)).text();
    expect(received.map(({ target }) => target)).toEqual(['/other']);
  });

  test('whose page follows the upload is answered when the page has heard of all of it', async () => {
    const { tools, received } = setUp((incoming) => {
      const isTaken = eventually(() => received[0]?.body === 'a=1');
      void isTaken.then(() => reply(incoming, 200, [], 'taken'));
    });
    const page = new BroadcastChannel(uploadChannel('upload-1'));
    const heard: unknown[] = [];
    page.onmessage = ({ data }: MessageEvent<unknown>) => {
      heard.push(data);
      page.postMessage('heard');
    };
    closes.push(() => page.close());
    const init = { method: 'POST', body: 'a=1', headers: { [REQUEST_ID]: 'upload-1' } };
    const response = await appFetch(asked(`${ORIGIN}/api`, init), tools);
    expect(heard.at(-1)).toEqual({ bytes: 3, isAll: true });
    expect(await response.text()).toBe('taken');
  });

  test('that was given up by its number is answered with nothing, and ends at the host', async () => {
    const signals: AbortSignal[] = [];
    const { tools, received } = setUp((incoming) => void signals.push(incoming.signal));
    const answer = appFetch(asked(`${ORIGIN}/`, { headers: { [REQUEST_ID]: 'id-1' } }), tools);
    await eventually(() => signals.length === 1);
    tools.givenUp.giveUp('id-1');
    expect((await answer).status).toBe(204);
    await eventually(() => signals[0]?.aborted === true);
    expect(received[0]?.headers.has(REQUEST_ID)).toBe(false);
  });

  test('whose link ends is a problem: a page for those who want one, JSON for others', async () => {
    const { tools, viewer, received } = setUp(() => undefined);
    const page = appFetch(asked(`${ORIGIN}/`, FRAME), tools);
    const data = appFetch(asked(`${ORIGIN}/api`), tools);
    await eventually(() => received.length === 2);
    viewer.close('LINK_LOST');
    expect(await (await page).text()).toMatch(/^<!doctype html>/i);
    expect(await (await data).json()).toMatchObject({ error: { code: 'LINK_LOST' } });
    expect([(await page).status, (await data).status]).toEqual([502, 502]);
  });

  test('that is answered by what no browser takes is a problem, and the host hears of it', async () => {
    const signals: AbortSignal[] = [];
    const { tools } = setUp((incoming) => {
      signals.push(incoming.signal);
      incoming.respond(head(999));
    });
    const response = await appFetch(asked(`${ORIGIN}/`), tools);
    expect(await response.json()).toMatchObject({ error: { code: 'PROTOCOL_ERROR' } });
    await eventually(() => signals[0]?.aborted === true);
  });

  test('that gets a redirect leaves the body behind, which nobody would read', async () => {
    const signals: AbortSignal[] = [];
    const { tools } = setUp((incoming) => {
      signals.push(incoming.signal);
      incoming.respond(head(302, [['location', '/other']]));
    });
    const response = await appFetch(asked(`${ORIGIN}/`), tools);
    expect([response.status, response.headers.get('location')]).toEqual([302, `${ORIGIN}/other`]);
    await eventually(() => signals[0]?.aborted === true);
  });

  test('that a redirect asks for again has its body, where the browser leaves it out', async () => {
    const { tools, received } = setUp((incoming) =>
      incoming.head.target === '/from'
        ? reply(incoming, 307, [['location', '/to']])
        : reply(incoming, 200, [], 'taken'),
    );
    await appFetch(asked(`${ORIGIN}/from`, { method: 'POST', body: 'a=1' }), tools);
    const response = await appFetch(asked(`${ORIGIN}/to`, { method: 'POST' }), tools);
    expect(await response.text()).toBe('taken');
    await eventually(() => received[1]?.body === 'a=1');
    expect(received[1]?.headers.get('content-length')).toBe('3');
  });

  test('is under way until the page has read the answer', async () => {
    const ends: (() => void)[] = [];
    const { tools, service } = setUp((incoming) => {
      incoming.respond(head(200));
      ends.push(() => incoming.end());
    });
    const response = await appFetch(asked(`${ORIGIN}/`), tools);
    expect(service.activeCount).toBe(1);
    ends[0]?.();
    expect(await response.text()).toBe('');
    await eventually(() => service.activeCount === 0);
  });
});

describe('a tab without a tunnel', () => {
  test('goes to the network, with the request as it was', async () => {
    const spy = network();
    const { tools } = setUp(() => undefined, { port: null });
    const event = asked(`${ORIGIN}/`);
    expect(await (await appFetch(event, tools)).text()).toBe('from the network');
    expect(spy).toHaveBeenCalledWith(event.request);
  });

  test('sends a form that was held as the POST it is, and follows no redirect for the browser', async () => {
    const spy = network();
    const { tools } = setUp(() => undefined, { port: null });
    const form = new Request(`${ORIGIN}/submit`, { method: 'POST', body: 'a=1' });
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask'] });
    await tools.posts.hold('shell-1', form);
    tools.posts.announce('shell-1', form.url);
    await appFetch(asked(form.url, FRAME), tools);
    jest.useRealTimers();
    const [, init] = spy.mock.calls[0] ?? [];
    expect(spy).toHaveBeenCalledWith(form.url, init);
    expect(init).toMatchObject({ method: 'POST', redirect: 'manual' });
    expect(await (init?.body as Blob).text()).toBe('a=1');
  });
});

describe('a form that was posted to the top of a tab', () => {
  afterEach(() => void jest.useRealTimers());

  test('is what the frame’s first navigation gets the answer of', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'setInterval'] });
    const { tools, received } = setUp((incoming) => reply(incoming, 200, [], 'thanks'));
    const form = new Request(`${ORIGIN}/submit`, { method: 'POST', body: 'a=1' });
    await tools.posts.hold('shell-1', form);
    tools.posts.announce('shell-1', form.url);
    const response = await appFetch(asked(form.url, FRAME), tools);
    jest.useRealTimers();
    expect(await response.text()).toContain('thanks');
    await eventually(() => received[0]?.body === 'a=1');
    expect(received[0]).toMatchObject({ method: 'POST', target: '/submit' });
    expect(received[0]?.headers.get('content-length')).toBe('3');
  });

  test('that is gone is a problem and no page view: it may have been a purchase', async () => {
    const { tools, received } = setUp((incoming) => reply(incoming));
    tools.posts.announce('shell-1', `${ORIGIN}/submit`);
    const response = await appFetch(asked(`${ORIGIN}/submit`, FRAME), tools);
    expect(response.headers.get('wingman-error')).toBe('LINK_LOST');
    expect(received).toEqual([]);
  });
});

describe('the answer to a frame’s navigation', () => {
  const page = (headers: [string, string][] = []) =>
    setUp((incoming) => reply(incoming, 200, headers, 'page'), { isIsolated: true });
  const navigate = async (tab: ReturnType<typeof page>, more = {}) =>
    (await appFetch(asked(`${ORIGIN}/`, FRAME, more), tab.tools)).text();

  test('has an isolated tab leave isolation when the page doesn’t ask for it', async () => {
    expect(await navigate(page())).toContain('isolate(false)');
  });

  test('stays when the page asks for it, or the app’s worker may yet change its headers', async () => {
    expect(await navigate(page([['cross-origin-embedder-policy', 'require-corp']]))).toBe('page');
    expect(await navigate(page(), { isForWorker: true })).toBe('page');
  });

  test('that is a file is told to the tab, from its beginning to its end', async () => {
    const file: [string, string][] = [['content-disposition', 'attachment; filename=a.txt']];
    const { tools, files } = setUp((incoming) => reply(incoming, 200, file, 'file'));
    const response = await appFetch(asked(`${ORIGIN}/a.txt`, FRAME), tools);
    expect(files[0]).toBe('shell-1 begins');
    await response.text();
    await eventually(() => files.length === 2);
    expect(files[1]).toBe('shell-1 ends');
    await appFetch(asked(`${ORIGIN}/a.txt`), tools);
    expect(files).toHaveLength(2);
  });
});

describe('a worker’s script', () => {
  test('comes with the shim of its tab in front', async () => {
    const { tools } = setUp((incoming) => reply(incoming, 200, [], 'script()'));
    const own = { mode: 'same-origin', destination: 'worker' };
    const response = await appFetch(asked(`${ORIGIN}/worker.js`, own), tools);
    expect(await response.text()).toBe('self.wingmanTab="tab-1";shim();script()');
  });
});
