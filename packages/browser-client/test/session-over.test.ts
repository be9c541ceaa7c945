import { expect, test } from '@jest/globals';
import { forgetTunnel } from '../src/shell/site-data.js';

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
