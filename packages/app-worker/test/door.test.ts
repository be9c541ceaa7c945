import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { LOOK_MS } from '../src/limits.js';
import { partName, type Viewer } from '../src/service-worker/part.js';
import { AppWorkers } from '../src/service-worker/app-workers.js';

beforeAll(() => void Object.assign(globalThis, { WINGMAN_VERSION: 'test' }));

/** A part that answers what it is asked with its own name. */
const partOf = (name: string): string =>
  `globalThis[${JSON.stringify(name)}] = () => ({
    heard: (client) => client.postMessage('from the part'),
    concerns: () => true,
  });`;

/** The types of a service worker's events are not known here; only what is named is looked at. */
interface Late {
  concerns(event: { request: { url: string } }): boolean;
  heard(event: object): boolean;
}

interface Bench {
  concerns: () => boolean;
  asked: () => number;
  ask: (op: 'register' | 'snapshot' | 'end') => Promise<unknown>;
}

function benchOf(isSaved: boolean, code: string | undefined): Bench {
  let asked = 0;
  const caches = { has: () => Promise.resolve(isSaved) };
  // Of all its tools only the caches are used before the part is there.
  const appWorkersPart = (): Promise<string | undefined> => {
    asked += 1;
    return Promise.resolve(code);
  };
  const viewer = { caches, assets: { appWorkersPart } } as unknown as Viewer;
  const late = new AppWorkers(viewer) as unknown as Late;
  const ask = async (op: 'register' | 'snapshot' | 'end'): Promise<unknown> => {
    const told: unknown[] = [];
    const source = { postMessage: (message: unknown) => told.push(message) };
    let done: Promise<unknown> = Promise.resolve();
    const waitUntil = (work: Promise<unknown>): void => void (done = work);
    late.heard({ data: { kind: 'app-worker-ask', id: 7, ask: { op } }, source, waitUntil });
    await done;
    return told[0];
  };
  const concerns = (): boolean => late.concerns({ request: { url: 'https://app.example/' } });
  return { concerns, asked: () => asked, ask };
}

test('an app that registers nothing fetches nothing', async () => {
  const { concerns, asked, ask } = benchOf(false, partOf(partName()));
  expect(concerns()).toBe(true);
  expect(await ask('snapshot')).toMatchObject({ snapshot: { registrations: [] }, answers: 7 });
  expect(await ask('end')).toMatchObject({ answers: 7 });
  expect(concerns()).toBe(false);
  expect(asked()).toBe(0);
});

test('the part is fetched once, when something registers', async () => {
  const { concerns, asked, ask } = benchOf(false, partOf(partName()));
  expect(await Promise.all([ask('register'), ask('register')])).toEqual([
    'from the part',
    'from the part',
  ]);
  expect(await ask('snapshot')).toBe('from the part');
  expect(concerns()).toBe(true);
  expect(asked()).toBe(1);
});

test('the part is fetched when something was registered before', async () => {
  const { asked, ask } = benchOf(true, partOf(partName()));
  expect(await ask('snapshot')).toBe('from the part');
  expect(asked()).toBe(1);
});

test.each([
  ['can’t be had', undefined],
  ['is of another version', partOf('wingmanAppWorkersPart other')],
])(
  'a registration fails with a message when the part %s, and the next one tries again',
  async (_, code) => {
    Reflect.deleteProperty(globalThis, partName());
    const { asked, ask } = benchOf(false, code);
    const refused = {
      kind: 'wingman-app-worker-refused',
      answers: 7,
      refusal: { name: 'TypeError' },
    };
    expect(await ask('register')).toMatchObject(refused);
    expect(await ask('register')).toMatchObject(refused);
    expect(asked()).toBe(2);
  },
);

describe('what reaches the door', () => {
  const part = `globalThis[${JSON.stringify('wingmanAppWorkersPart test')}] = (viewer) => ({
    asset: (request) => Promise.resolve(new Response('part ' + new URL(request.url).pathname)),
    emulation: () => Promise.resolve(new Response('emulation')),
    withSnapshot: async (shim, client) => new Response(client + ' ' + (await shim.text())),
    heard: () => Promise.resolve(),
    concerns: () => false,
    answer: () => Promise.resolve({ response: new Response('own'), tab: 'tab' }),
    sweep: () => Promise.resolve(viewer.swept()),
  });`;

  function doorOf(isSaved: boolean): {
    door: AppWorkers;
    loads: () => number;
    sweeps: () => number;
  } {
    let [loads, sweeps] = [0, 0];
    const viewer = {
      caches: { has: () => Promise.resolve(isSaved) },
      assets: { appWorkersPart: () => Promise.resolve(((loads += 1), part)) },
      swept: () => void (sweeps += 1),
    };
    // Of all its tools the door uses these alone.
    const door = new AppWorkers(viewer as unknown as Viewer);
    return { door, loads: () => loads, sweeps: () => sweeps };
  }

  const request = (path: string): Request => new Request(`https://app.example${path}`);
  const event = (path: string): never => ({ request: request(path) }) as never;

  test('a message of another kind is left to others', () => {
    const { door } = doorOf(false);
    expect(door.heard({ data: { kind: 'keep-alive' } })).toBe(false);
  });

  test('a message for a version doesn’t fetch the part when nothing is registered', async () => {
    const { door, loads } = doorOf(false);
    const waited: Promise<unknown>[] = [];
    const data = { kind: 'app-worker-message', worker: 'one', data: 1, transfer: [] };
    const waitUntil = (work: Promise<unknown>): unknown => waited.push(work);
    expect(door.heard({ data, source: {}, waitUntil })).toBe(true);
    await Promise.all(waited);
    expect(loads()).toBe(0);
  });

  test('a disk that doesn’t say what is registered holds requests up for so long, and counts when it does', async () => {
    let say: (isSaved: boolean) => void = () => undefined;
    const disk = new Promise<boolean>((resolve) => (say = resolve));
    const assets = { appWorkersPart: () => Promise.resolve(part) };
    jest.useFakeTimers({ doNotFake: ['queueMicrotask'] });
    // As above, the door uses nothing else before the part is there.
    const door = new AppWorkers({ caches: { has: () => disk }, assets } as unknown as Viewer);
    const answered = door.answer(event('/'), {} as never);
    await jest.advanceTimersByTimeAsync(LOOK_MS);
    jest.useRealTimers();
    expect(await answered).toBeUndefined();
    say(true);
    await disk;
    expect((await door.answer(event('/'), {} as never))?.tab).toBe('tab');
  });

  test('without a registration nothing is answered, swept, started or put before the shim', async () => {
    const { door, loads, sweeps } = doorOf(false);
    const shim = new Response('shim');
    expect(await door.answer(event('/'), {} as never)).toBeUndefined();
    expect(await door.withSnapshot(shim, 'page')).toBe(shim);
    expect(await door.asset(request('/__wingman/shim.js'))).toBeUndefined();
    expect(door.emulation(event('/sw.js'))).toBeUndefined();
    await door.sweep();
    expect([loads(), sweeps()]).toEqual([0, 0]);
  });

  test('with one, all of it is the part’s', async () => {
    const { door, loads, sweeps } = doorOf(true);
    const answer = await door.answer(event('/'), {} as never);
    expect([await answer?.response.text(), answer?.tab]).toEqual(['own', 'tab']);
    expect(await (await door.withSnapshot(new Response('shim'), 'page')).text()).toBe('page shim');
    expect(await (await door.asset(request('/__wingman/x')))?.text()).toBe('part /__wingman/x');
    expect(await (await door.emulation(event('/sw.js')))?.text()).toBe('emulation');
    expect(door.concerns(event('/'))).toBe(false);
    await door.sweep();
    expect([loads(), sweeps()]).toEqual([1, 1]);
  });

  test('a script of a version fetches the part: a worker that runs may need it first', async () => {
    const { door, loads } = doorOf(false);
    const script = await door.asset(request('/__wingman/app-script?version=1&tab=2&script=3'));
    expect(await script?.text()).toBe('part /__wingman/app-script');
    expect(loads()).toBe(1);
  });

  test('a request without HTTP is nothing for it, even before it knows what is registered', () => {
    const { door } = doorOf(true);
    const blob = { request: { url: 'blob:https://app.example/1' } };
    expect(door.concerns(blob as never)).toBe(false);
  });
});
