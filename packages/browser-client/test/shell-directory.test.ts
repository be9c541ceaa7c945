import { describe, expect, test } from '@jest/globals';
import {
  ShellDirectory,
  type Requester,
  type ShellEntry,
  type ShellWorld,
} from '../src/service-worker/shell-directory.js';

/** Pages that answer, keep silent or go away, as the test says. */
class FakePages implements ShellWorld {
  time = 0;
  pages: string[] = [];
  silent = new Set<string>();
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

  ask(clientId: string): Promise<ShellEntry | undefined> {
    this.asked.push(clientId);
    this.time += this.silent.has(clientId) ? 2_000 : 1;
    return Promise.resolve(this.silent.has(clientId) ? undefined : entry(clientId));
  }
}

function entry(name: string): ShellEntry {
  return { tab: `tab-${name}`, clientId: name, port: null, isIsolated: false };
}

function by(clientId: string, more: Partial<Requester> = {}): Requester {
  return { clientId, resultingClientId: '', url: 'https://s/', isFrameNavigation: false, ...more };
}

function navigation(url: string, resultingClientId: string): Requester {
  return by('', { url, resultingClientId, isFrameNavigation: true });
}

async function tabOf(directory: ShellDirectory, requester: Requester): Promise<string> {
  const lookup = await directory.find(requester);
  return lookup.kind === 'shell' ? lookup.entry.clientId : lookup.kind;
}

describe('ShellDirectory', () => {
  test('without any page there is none', async () => {
    expect(await tabOf(new ShellDirectory(new FakePages()), by('x'))).toBe('none');
  });

  test('asks a page again whose tunnel was lost', async () => {
    const world = new FakePages();
    world.pages = ['a'];
    const directory = new ShellDirectory(world);
    const { port1, port2 } = new MessageChannel();
    directory.add({ ...entry('a'), port: port1 });
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
    expect(await tabOf(new ShellDirectory(world), by('x'))).toBe('silent');
  });

  test('a navigation goes to the tab that announced it, and its page stays with that tab', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add(entry('b'));
    directory.add(entry('a'), 'https://s/page');
    expect(await tabOf(directory, navigation('https://s/page', 'frame-a'))).toBe('a');
    expect(await tabOf(directory, by('frame-a'))).toBe('a');
    // Announced once, used once.
    expect(await tabOf(directory, navigation('https://s/page', 'frame-b'))).toBe('b');
  });

  test('a document that says where it lives is believed', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add(entry('b'));
    directory.add(entry('a'));
    directory.own('frame', 'tab-a');
    expect(await tabOf(directory, by('frame'))).toBe('a');
  });

  test('a tab that has gone is replaced, and not believed for long', async () => {
    const world = new FakePages();
    world.pages = ['b', 'a'];
    const directory = new ShellDirectory(world);
    directory.add(entry('a'));
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
    directory.add(entry('a'));
    world.time += 1_000;
    await Promise.all(Array.from({ length: 50 }, () => directory.find(by('frame'))));
    expect(world.checked).toBe(1);
  });
});
