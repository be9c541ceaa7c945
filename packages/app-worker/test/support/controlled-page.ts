import { beforeEach } from '@jest/globals';
import { makeWorld, stopClock } from './clock.js';
import type { FakePage, Fetched } from './fake-page.js';
import type { World } from './world.js';

stopClock();

export let world: World;

beforeEach(() => {
  world = makeWorld();
});

/** A page that an app worker with this script controls. */
export async function controlled(script: string): Promise<FakePage> {
  world.script('/sw.js', script);
  const first = await world.open('/');
  await first.register('/sw.js');
  await world.settle();
  return world.open('/');
}

/** The same, of a worker that has this handler for what pages fetch; navigations go to the network. */
export function handling(handler: string): Promise<FakePage> {
  return controlled(`self.onfetch = (event) => {
    if (event.request.mode === 'navigate') return;
    ${handler}
  };`);
}

export const fetched = (page: FakePage, path = '/x', init = {}): Promise<Fetched> =>
  world.until(page.fetch(path, init));

export async function text({ by, response }: Fetched): Promise<[string, string]> {
  return [by, await world.until(response.text())];
}
