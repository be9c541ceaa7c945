import { beforeEach, describe, expect, test } from '@jest/globals';
import { makeWorld, stopClock } from './support/clock.js';
import type { FakePage } from './support/fake-page.js';
import { ORIGIN, type World } from './support/world.js';

stopClock();

/** `self.clients`, as an app's script has it. */
interface ClientsOfApp {
  get(id: string): Promise<ClientOfApp | undefined>;
  matchAll(options?: object): Promise<ClientOfApp[]>;
  claim(): Promise<void>;
  openWindow(url: string): Promise<never>;
}

interface ClientOfApp {
  id: string;
  url: string;
  type: string;
  frameType: string;
  visibilityState?: string;
  focused?: boolean;
  postMessage(data: unknown, transfer?: unknown): void;
  focus(): Promise<ClientOfApp>;
  navigate(url: string): Promise<ClientOfApp | null>;
}

let world: World;
let first: FakePage;
let clients: ClientsOfApp;

beforeEach(async () => {
  world = makeWorld();
  world.script(
    '/sw.js',
    `self.onmessage = null; self.heard = [];
     self.addEventListener('message', (event) => {
       self.heard.push(event);
       event.source.postMessage({ echo: event.data }, event.ports);
     });`,
  );
  first = await world.open('/first');
  await first.register('/sw.js');
  await world.settle();
  clients = world.value('clients') as ClientsOfApp;
});

const ids = async (options?: object): Promise<string[]> =>
  (await world.until(clients.matchAll(options))).map(({ id }) => id);

describe('clients.matchAll()', () => {
  test('lists the pages that this registration controls', async () => {
    const page = await world.open('/controlled');
    expect(await ids()).toEqual([page.client.id]);
    expect(await ids({ includeUncontrolled: true })).toEqual([first.client.id, page.client.id]);
  });

  test('lists by type, and never the shells', async () => {
    world.addClient('dedicated', 'worker');
    world.addClient('shared', 'sharedworker');
    const all = { includeUncontrolled: true };
    expect(await ids({ ...all, type: 'worker' })).toEqual(['dedicated']);
    expect(await ids({ ...all, type: 'sharedworker' })).toEqual(['shared']);
    expect(await ids({ ...all, type: 'all' })).toEqual([first.client.id, 'dedicated', 'shared']);
    expect(await ids(all)).toEqual([first.client.id]);
  });

  test('shows pages as their author sees them: the app’s main document is the top one', async () => {
    const inner = world.addClient('frame', 'window');
    world.inner.set('frame', true);
    inner.focused = true;
    inner.visibilityState = 'hidden';
    const found = await world.until(clients.matchAll({ includeUncontrolled: true, type: 'all' }));
    expect(
      found.map(({ frameType, focused, visibilityState }) => [frameType, focused, visibilityState]),
    ).toEqual([
      ['top-level', false, 'visible'],
      ['nested', true, 'hidden'],
    ]);
  });

  test('shows workers without a frame', async () => {
    world.addClient('dedicated', 'worker');
    const [worker] = await world.until(
      clients.matchAll({ type: 'worker', includeUncontrolled: true }),
    );
    expect(worker).toMatchObject({ id: 'dedicated', type: 'worker', frameType: 'none' });
    expect(worker).toBeInstanceOf(world.value('Client'));
    expect(worker).not.toBeInstanceOf(world.value('WindowClient'));
  });
});

describe('clients.get()', () => {
  test('finds a page by its id', async () => {
    const found = await world.until(clients.get(first.client.id));
    expect(found).toMatchObject({ id: first.client.id, url: `${ORIGIN}/first`, type: 'window' });
    expect(found).toBeInstanceOf(world.value('WindowClient'));
  });

  test('finds nothing by another id, nor a shell', async () => {
    expect(await world.until(clients.get('nobody'))).toBeUndefined();
    expect(await world.until(clients.get(world.tab().shell.id))).toBeUndefined();
  });

  test('finds no page that has been closed', async () => {
    first.close();
    expect(await world.until(clients.get(first.client.id))).toBeUndefined();
  });
});

describe('clients.claim()', () => {
  test('takes the pages in scope, which hear of it', async () => {
    expect(first.container.controller).toBeNull();
    await world.until(clients.claim());
    await world.settle();
    expect(first.log).toContain('controllerchange');
    expect(first.container.controller?.state).toBe('activated');
    expect(await ids()).toEqual([first.client.id]);
  });

  test('leaves pages out of scope alone', async () => {
    const other = await world.open('/');
    await other.register('/sw.js', { scope: '/deep/' });
    await world.settle();
    const deep = world.value('clients') as ClientsOfApp;
    const within = await world.open('/deep/page');
    await world.until(deep.claim());
    await world.settle();
    expect(first.container.controller).toBeNull();
    expect(within.container.controller).not.toBeNull();
  });

  test('leaves pages alone that fall under a longer scope', async () => {
    world.addClient('deep', 'window', 'tab', `${ORIGIN}/deep/page`);
    await first.register('/sw.js', { scope: '/deep/' });
    await world.settle();
    await world.until(clients.claim());
    expect(await ids()).toEqual([first.client.id]);
  });

  test('is refused to a version that isn’t active', async () => {
    const page = await world.open('/');
    world.script('/sw.js', 'self.onmessage = null; // two');
    const registration = await page.container.getRegistration();
    await world.until((registration ?? fail()).update());
    await world.settle();
    const waiting = world.value('clients') as ClientsOfApp;
    await expect(world.until(waiting.claim())).rejects.toMatchObject({ name: 'InvalidStateError' });
  });
});

describe('a page', () => {
  test('can be focused', async () => {
    const found = await world.until(clients.get(first.client.id));
    const focused = await world.until((found ?? fail()).focus());
    expect(focused.focused).toBe(true);
    expect(first.client.focused).toBe(true);
  });

  test('can be sent elsewhere, relative to the script', async () => {
    const found = await world.until(clients.get(first.client.id));
    const there = await world.until((found ?? fail()).navigate('next'));
    expect(there?.url).toBe(`${ORIGIN}/next`);
    expect(await world.until((found ?? fail()).navigate('https://other.example/'))).toBeNull();
  });

  test('that is gone can’t be focused', async () => {
    const found = await world.until(clients.get(first.client.id));
    first.close();
    await expect(world.until((found ?? fail()).focus())).rejects.toBeInstanceOf(TypeError);
  });

  test('that is a worker can’t be sent elsewhere', async () => {
    world.addClient('dedicated', 'worker');
    const worker = await world.until(clients.get('dedicated'));
    expect(worker && 'navigate' in worker).toBe(false);
  });
});

describe('clients.openWindow()', () => {
  test('is refused: a window of the app opens with the tab around it', async () => {
    await expect(clients.openWindow('/')).rejects.toMatchObject({ name: 'InvalidAccessError' });
  });
});

describe('a message of a page', () => {
  const controlled = async (): Promise<FakePage> => {
    const page = await world.open('/controlled');
    return page;
  };
  const answers = (page: FakePage): MessageEvent[] => {
    const heard: MessageEvent[] = [];
    page.container.addEventListener('message', (event) => heard.push(event as MessageEvent));
    return heard;
  };

  test('reaches the version that it is for, with its sender as the source', async () => {
    const page = await controlled();
    page.container.controller?.postMessage({ hello: 'there' });
    await world.settle();
    const [event] = world.value('heard') as {
      data: unknown;
      source: ClientOfApp;
      origin: string;
    }[];
    expect([event?.data, event?.origin]).toEqual([{ hello: 'there' }, ORIGIN]);
    expect(event?.source).toMatchObject({ id: page.client.id, frameType: 'top-level' });
  });

  test('is answered, and the answer’s source is the page’s own object for the worker', async () => {
    const page = await controlled();
    const heard = answers(page);
    page.container.controller?.postMessage('ping');
    await world.settle();
    expect(heard.map(({ data }) => data as unknown)).toEqual([{ echo: 'ping' }]);
    expect(heard[0]?.source).toBe(page.container.controller);
    expect(heard[0]?.origin).toBe(ORIGIN);
  });

  test('takes ports along, and the answer brings them back', async () => {
    const page = await controlled();
    const heard = answers(page);
    const { port1, port2 } = new MessageChannel();
    world.ports.push(port1);
    page.container.controller?.postMessage('with a port', [port2]);
    await world.settle();
    const [back] = heard[0]?.ports ?? [];
    expect(back).toBeInstanceOf(MessagePort);
    const through = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    back?.postMessage('through');
    expect(await world.until(through)).toBe('through');
    back?.close();
  });

  test('for a version that is gone is dropped', async () => {
    const page = await controlled();
    const { controller } = page.container;
    const registration = await world.until(page.container.getRegistration());
    page.close();
    await world.until((registration ?? fail()).unregister());
    await world.settle();
    const workers = world.tab().workers.length;
    controller?.postMessage('late');
    await world.settle();
    expect(world.tab().workers).toHaveLength(workers);
  });

  test('starts a version that doesn’t run', async () => {
    const page = await controlled();
    world.closeTab('tab');
    await world.until(world.door.sweep());
    world.openTab('tab');
    world.clients.set(page.client.id, page.client);
    page.container.controller?.postMessage('wake up');
    await world.settle();
    expect((world.value('heard') as unknown[]).length).toBe(1);
  });
});

describe('a message of the app worker', () => {
  test('reaches pages that it doesn’t control', async () => {
    const heard: unknown[] = [];
    first.container.addEventListener('message', (event) =>
      heard.push((event as MessageEvent).data),
    );
    const found = await world.until(clients.get(first.client.id));
    found?.postMessage({ news: 1 });
    found?.postMessage({ news: 2 }, { transfer: [] });
    await world.settle();
    expect(heard).toEqual([{ news: 1 }, { news: 2 }]);
  });

  test('to a page that is gone is dropped', async () => {
    const found = await world.until(clients.get(first.client.id));
    first.close();
    const before = first.client.messages.length;
    found?.postMessage('late');
    await world.settle();
    expect(first.client.messages).toHaveLength(before);
  });
});

function fail(): never {
  throw new Error('there is none');
}
