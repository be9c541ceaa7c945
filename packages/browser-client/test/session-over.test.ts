import { expect, test } from '@jest/globals';
import type { AppScripts } from '../src/service-worker/app-worker/app-scripts.js';
import { Lifecycle } from '../src/service-worker/app-worker/lifecycle.js';
import { Registry, type Saved } from '../src/service-worker/app-worker/registry.js';
import { RunningWorkers } from '../src/service-worker/app-worker/running-workers.js';
import type { ToAppWorker } from '../src/shared/app-worker-messages.js';
import { forgetTunnel } from '../src/shell/session-end.js';

const ORIGIN = 'https://session.example';

/** A registration whose version has been installed and is about to deal with its `activate` event. */
async function activating() {
  const events: { type: string; finish: () => void }[] = [];
  const written: string[][] = [];
  const registry = new Registry(
    {
      read: () => Promise.resolve(undefined),
      write: ({ registrations }: Saved) =>
        Promise.resolve(void written.push(registrations.map(({ scope }) => scope))),
    },
    () => undefined,
  );
  // What registering takes of them.
  const scripts = {
    fetchMain: () => Promise.resolve(new Response('')),
    keepMain: () => Promise.resolve(),
    drop: () => Promise.resolve(),
    expect: () => undefined,
    expectNoMore: () => undefined,
  } as unknown as AppScripts;
  const shell = { tab: 'tab', clientId: 'shell', port: null, isIsolated: false };
  const ports: MessagePort[] = [];
  const workers = new RunningWorkers(scripts, {
    shellOf: () => Promise.resolve(shell),
    toShell: (_, __, transfer) => {
      const [port] = transfer as MessagePort[];
      if (port !== undefined) ports.push(port);
      port?.postMessage({ kind: 'loaded', handlesFetch: true });
      port?.addEventListener('message', ({ data }: MessageEvent<ToAppWorker>) => {
        if (data.kind !== 'lifecycle') return;
        const { id, type } = data;
        events.push({ type, finish: () => port.postMessage({ kind: 'done', id, isOk: true }) });
      });
      port?.start();
      return Promise.resolve();
    },
    ask: () => Promise.resolve(null),
    keepBody: () => Promise.resolve(null),
    keepRedirect: () => '',
    toClient: () => undefined,
  });
  const living = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set());
  const watch = { during: <T>(work: Promise<T>) => work };
  const lifecycle = new Lifecycle(registry, scripts, workers, living, watch);
  await lifecycle.register({
    ...{ scriptUrl: `${ORIGIN}/sw.js`, scope: `${ORIGIN}/`, tab: 'tab' },
    ...{ type: 'classic', updateViaCache: 'imports' },
  });
  await turns();
  events[0]?.finish();
  await turns();
  expect(events.map(({ type }) => type)).toEqual(['install', 'activate']);
  const close = (): void => ports.forEach((port) => port.close());
  return { activated: () => events[1]?.finish(), close, lifecycle, registry, written };
}

/** What forgetting takes of a browser's caches. */
function cachesOf(...all: string[]): { caches: CacheStorage; names: Set<string> } {
  const names = new Set(all);
  const caches = {
    keys: () => Promise.resolve([...names]),
    delete: (name: string) => Promise.resolve(names.delete(name)),
  };
  return { caches: caches as unknown as CacheStorage, names };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('a session that ends while a version is activated keeps nothing of it, then or later', async () => {
  const { activated, close, lifecycle, registry, written } = await activating();
  expect(written.at(-1)).toEqual([`${ORIGIN}/`]);
  await lifecycle.end();
  expect(written.at(-1)).toEqual([]);
  const before = written.length;
  activated();
  await turns();
  expect(written.slice(before).flat()).toEqual([]);
  expect(registry.all).toEqual([]);
  close();
});

test('what was written up to the end of the app goes, the caches of its worker too', async () => {
  const { caches, names } = cachesOf('wingman-1', 'wingman-app-registrations', 'of the app');
  const endApp = async (): Promise<void> => {
    names.delete('wingman-app-registrations');
    await turns();
    names.add('wingman-app-script');
  };
  await forgetTunnel(undefined, caches, { endApp });
  await turns();
  await turns();
  expect([...names]).toEqual([]);
});

test('an app without a service worker keeps its caches', async () => {
  const { caches, names } = cachesOf('wingman-1', 'of the app');
  await forgetTunnel(undefined, caches, undefined);
  expect([...names]).toEqual(['of the app']);
});
