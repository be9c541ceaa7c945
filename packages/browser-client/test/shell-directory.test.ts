import { afterEach, describe, expect, test } from '@jest/globals';
import {
  ShellDirectory,
  type Requester,
  type ShellWorld,
} from '../src/service-worker/shell-directory.js';
import { SERVICE_WORKER_LIMITS } from '../src/shared/limits.js';
import type { Introduction } from '../src/shared/service-worker-messages.js';

/** Pages that answer, keep silent or go away, as the test says. */
class FakePages implements ShellWorld {
  time = 0;
  pages: string[] = [];
  silent = new Set<string>();
  plain = new Set<string>();
  /** What becomes of the pages when time passes. */
  later: () => void = () => undefined;
  asked: string[] = [];
  checked = 0;

  now(): number {
    return this.time;
  }

  listShells(): Promise<string[]> {
    return Promise.resolve(this.pages);
  }

  exists(clientId: string): Promise<boolean> {
    this.checked += 1;
    return Promise.resolve(this.pages.includes(clientId));
  }

  ask(clientId: string): Promise<Introduction | undefined> {
    this.asked.push(clientId);
    this.time += this.silent.has(clientId) ? 2_000 : 1;
    const isPlain = this.plain.has(clientId);
    return Promise.resolve(this.silent.has(clientId) ? undefined : entry(clientId, isPlain));
  }

  pause(milliseconds: number): Promise<void> {
    this.time += milliseconds;
    this.later();
    return Promise.resolve();
  }
}

const open: MessagePort[] = [];

afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function openPort(): MessagePort {
  const { port1 } = new MessageChannel();
  open.push(port1);
  return port1;
}

/** What a page says of itself, over a port that nobody serves. */
function entry(name: string, isPlain = false, expects: string | null = null): Introduction {
  const tab = `tab-${name}`;
  const port = isPlain ? null : openPort();
  return {
    kind: 'shell',
    tab,
    port,
    session: 'session-1',
    expects,
    isPosted: false,
    isIsolated: false,
  };
}

function by(clientId: string, more: Partial<Requester> = {}): Requester {
  return { clientId, resultingClientId: '', url: 'https://s/', isFrameNavigation: false, ...more };
}

function navigation(url: string, resultingClientId: string): Requester {
  return by('', { url, resultingClientId, isFrameNavigation: true });
}

async function tabOf(directory: ShellDirectory, requester: Requester): Promise<string> {
  return (await directory.find(requester))?.clientId ?? 'none';
}

/** Whether a request would go to the network, which is the server's plain door. */
async function isInClear(directory: ShellDirectory, requester: Requester): Promise<boolean> {
  return (await directory.find(requester))?.port === null;
}

describe('ShellDirectory', () => {
  test('without any page there is none, after a wait that has an end', async () => {
    const world = new FakePages();
    expect(await tabOf(new ShellDirectory(world), by('x'))).toBe('none');
    expect(world.time).toBeGreaterThanOrEqual(SERVICE_WORKER_LIMITS.shellLookMs);
    expect(world.time).toBeLessThan(SERVICE_WORKER_LIMITS.shellLookMs + 1_000);
  });

  test('a page that comes meanwhile is asked', async () => {
    const world = new FakePages();
    world.later = () => {
      if (world.time > 5_000) world.pages = ['a'];
    };
    expect(await tabOf(new ShellDirectory(world), by('x'))).toBe('a');
    expect(world.asked).toEqual(['a']);
  });

  test('asks a page again whose tunnel was lost', async () => {
    const world = new FakePages();
    world.pages = ['a'];
    const directory = new ShellDirectory(world);
    const { port1, port2 } = new MessageChannel();
    directory.add('a', { ...entry('a'), port: port1 });
    directory.lose('tab-another');
    await directory.find(by('x'));
    expect(world.asked).toEqual([]);
    directory.lose('tab-a');
    expect(await tabOf(directory, by('x'))).toBe('a');
    expect(world.asked).toEqual(['a']);
    port2.close();
  });

  test('asks the most recently focused page, once for many requests', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    const found = await Promise.all([1, 2, 3].map(() => tabOf(directory, by('unknown'))));
    expect(found).toEqual(['b', 'b', 'b']);
    expect(world.asked).toEqual(['b']);
  });

  test('passes over a page that keeps silent, and gives up when all do', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    world.silent.add('b');
    expect(await tabOf(new ShellDirectory(world), by('x'))).toBe('a');
    world.silent.add('a');
    expect(await tabOf(new ShellDirectory(world), by('x'))).toBe('none');
  });

  test('a navigation goes to the tab that announced it, and its page stays with that tab', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add('b', entry('b'));
    directory.add('a', entry('a', false, 'https://s/page'));
    expect(await tabOf(directory, navigation('https://s/page', 'frame-a'))).toBe('a');
    expect(await tabOf(directory, by('frame-a'))).toBe('a');
    // Announced once, used once.
    expect(await tabOf(directory, navigation('https://s/page', 'frame-b'))).toBe('b');
  });

  test('a document that says where it lives is believed', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add('b', entry('b'));
    directory.add('a', entry('a'));
    directory.own('frame', 'tab-a');
    expect(await tabOf(directory, by('frame'))).toBe('a');
  });

  test('a tab that has gone is replaced, and not believed for long', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add('a', entry('a'));
    directory.own('frame', 'tab-a');
    world.time += 1_000;
    world.pages = ['b'];
    expect(await directory.isGone('tab-a')).toBe(true);
    expect(await tabOf(directory, by('frame'))).toBe('b');
  });

  test('a burst of requests costs one look at the tab', async () => {
    const world = new FakePages();
    world.pages = ['a'];
    const directory = new ShellDirectory(world);
    directory.add('a', entry('a'));
    world.time += 1_000;
    await Promise.all(Array.from({ length: 50 }, () => directory.find(by('frame'))));
    expect(world.checked).toBe(1);
  });

  describe('with a tab that has no tunnel', () => {
    const withBoth = (): [ShellDirectory, FakePages] => {
      const world = new FakePages();
      world.pages = ['plain', 'a'];
      world.plain.add('plain');
      return [new ShellDirectory(world), world];
    };

    test('its own requests go to the network, and nobody else’s', async () => {
      const [directory] = withBoth();
      directory.add('plain', entry('plain', true, 'https://s/page'));
      directory.own('frame-a', 'tab-a');
      expect(await isInClear(directory, navigation('https://s/page', 'frame-plain'))).toBe(true);
      expect(await isInClear(directory, by('frame-plain'))).toBe(true);
      expect(await isInClear(directory, by('frame-a'))).toBe(false);
      expect(await isInClear(directory, by('unknown'))).toBe(false);
    });

    test('what a tab with a tunnel sends as it goes waits for another tunnel, and fails without', async () => {
      const [directory, world] = withBoth();
      directory.add('a', entry('a'));
      directory.add('plain', entry('plain', true));
      directory.own('frame-a', 'tab-a');
      world.time += 1_000;
      world.pages = ['plain'];
      expect(await tabOf(directory, by('frame-a'))).toBe('none');
      world.later = () => (world.pages = ['plain', 'b']);
      expect(await tabOf(directory, by('frame-a'))).toBe('b');
    });

    test('what it sends as it goes still goes to the network', async () => {
      const [directory, world] = withBoth();
      directory.add('plain', entry('plain', true));
      directory.own('frame-plain', 'tab-plain');
      world.time += 1_000;
      world.pages = [];
      expect(await isInClear(directory, by('frame-plain'))).toBe(true);
    });

    test('of those that are gone only so many are remembered', async () => {
      const [directory, world] = withBoth();
      const { maxPlainTabs } = SERVICE_WORKER_LIMITS;
      const names = Array.from({ length: maxPlainTabs + 1 }, (_, index) => `plain-${index}`);
      for (const name of names) {
        directory.add(name, entry(name, true));
        directory.own(`frame-${name}`, `tab-${name}`);
      }
      world.time += 1_000;
      world.pages = [];
      expect(await tabOf(directory, by('frame-plain-0'))).toBe('none');
      expect(await tabOf(directory, by('frame-plain-1'))).toBe('plain-1');
    });

    test('one that has got a tunnel uses it', async () => {
      const [directory, world] = withBoth();
      directory.add('plain', entry('plain', true));
      directory.own('frame', 'tab-plain');
      world.plain.clear();
      directory.add('plain', entry('plain'));
      expect(await isInClear(directory, by('frame'))).toBe(false);
    });

    test('it is taken for a document that nobody knows when no tab has a tunnel', async () => {
      const [directory, world] = withBoth();
      world.pages = ['plain'];
      expect(await isInClear(directory, by('unknown'))).toBe(true);
    });
  });
});
