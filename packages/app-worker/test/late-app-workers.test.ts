import { beforeAll, expect, test } from '@jest/globals';
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
