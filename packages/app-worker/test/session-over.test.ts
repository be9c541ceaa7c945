import { expect, test } from '@jest/globals';
import type { Scripts } from '../src/service-worker/scripts.js';
import { Lifecycle } from '../src/service-worker/lifecycle.js';
import { Registry, type Saved } from '../src/service-worker/registry.js';
import { RunningWorkers } from '../src/service-worker/running-workers.js';
import type { ToEmulation } from '../src/messages.js';
import { besideWorkers } from './support/beside-workers.js';

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
  } as unknown as Scripts;
  const shell = { tab: 'tab', clientId: 'shell', port: null, isIsolated: false };
  const ports: MessagePort[] = [];
  const workers = new RunningWorkers(scripts, {
    ...besideWorkers(),
    shellOf: () => Promise.resolve(shell),
    toShell: (_, __, transfer) => {
      const [port] = transfer as MessagePort[];
      if (port !== undefined) ports.push(port);
      port?.postMessage({ kind: 'loaded', handlesFetch: true });
      port?.addEventListener('message', ({ data }: MessageEvent<ToEmulation>) => {
        if (data.kind !== 'lifecycle') return;
        const { id, type } = data;
        events.push({ type, finish: () => port.postMessage({ kind: 'done', id, isOk: true }) });
      });
      port?.start();
      return Promise.resolve();
    },
  });
  const living = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set());
  const lifecycle = new Lifecycle(registry, scripts, workers, living, () => undefined);
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
