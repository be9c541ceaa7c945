import { afterEach, beforeEach, expect, jest } from '@jest/globals';
import type { ShellToServiceWorker } from '../../src/shared/service-worker-messages.js';
import { ServiceWorkerHost } from '../../src/shell/service-worker-host.js';
import { closeTabs, openTab, type Tab } from './dom.js';
import { FakeClock } from './fake-clock.js';
import { FakeContainer, FakeServiceWorker } from './service-workers.js';

export let tab: Tab;
export let container: FakeContainer;
export let clock: FakeClock;
/** What the host has told the tunnel and the shell. */
export let told: unknown[][];
export let given: MessagePort[];

beforeEach(() => {
  tab = openTab('https://s.example/page');
  container = new FakeContainer();
  container.install(tab);
  clock = new FakeClock();
  told = [];
  given = [];
});

afterEach(async () => {
  for (const port of given) port.close();
  FakeServiceWorker.closePorts();
  jest.restoreAllMocks();
  await closeTabs();
});

export function host(hasTunnel = true): ServiceWorkerHost {
  const tunnel = {
    addServiceWorker: (instance: string, port: MessagePort) => {
      told.push(['port', instance]);
      given.push(port);
    },
    serviceWorkerAlive: (instance: string) => void told.push(['alive', instance]),
  };
  const events = {
    onFile: (isSaved: boolean) => void told.push(['file', isSaved]),
    onHang: (isHopeless: boolean) => void told.push(['hang', isHopeless]),
  };
  const find = () => (hasTunnel ? tunnel : undefined);
  return new ServiceWorkerHost(container.asContainer, 'tab-1', find, events, clock);
}

/** A host whose service worker is active and controls the page. */
export async function registered(hasTunnel = true) {
  const worker = new FakeServiceWorker();
  container.controller = container.active = worker;
  const made = host(hasTunnel);
  expect(await made.register()).toBe(true);
  return { made, worker };
}

/** The last message that the service worker has got of a kind. */
export function last<K extends ShellToServiceWorker['kind']>(
  worker: FakeServiceWorker,
  kind: K,
): Extract<ShellToServiceWorker, { kind: K }> {
  const found = worker.heard.findLast((message) => message.kind === kind);
  if (found === undefined) throw new Error(`nothing of the kind ${kind}`);
  return found as Extract<ShellToServiceWorker, { kind: K }>;
}

/** The next of several hosts tells as if it were the first. */
export function forgetTold(): void {
  told = [];
}
