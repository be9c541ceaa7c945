import { expect, describe, test } from '@jest/globals';
import { PageState } from '../src/page/page-state.js';
import type { PageSnapshot, WorkerSnapshot } from '../src/messages.js';

describe('what a page sees', () => {
  const asker = {
    update: () => Promise.resolve(),
    unregister: () => Promise.resolve(),
    post: () => undefined,
  };
  const worker = (id: string, state: WorkerSnapshot['state']): WorkerSnapshot => ({
    ...{ id, state, scriptUrl: '/sw.js' },
  });
  const snapshot = (
    places: { installing?: WorkerSnapshot; waiting?: WorkerSnapshot; active?: WorkerSnapshot },
    controller: WorkerSnapshot | null = null,
  ): PageSnapshot => ({
    registrations: [
      {
        id: 'r',
        scope: '/',
        updateViaCache: 'imports',
        installing: null,
        waiting: null,
        active: null,
        ...places,
      },
    ],
    controller,
  });

  test('the same worker is the same object from its installation to its end', () => {
    const log: string[] = [];
    const state = new PageState(asker);
    state.onControllerChange = () => log.push('controllerchange');
    const play = (next: PageSnapshot): void => state.apply(next).forEach((fire) => fire());
    play(snapshot({ installing: worker('one', 'installing') }));
    const one = state.byId('r')?.installing;
    one?.addEventListener('statechange', () => log.push(one.state));
    state.byId('r')?.addEventListener('updatefound', () => log.push('updatefound'));
    play(snapshot({ waiting: worker('one', 'installed') }));
    expect(state.byId('r')?.waiting).toBe(one);
    play(snapshot({ active: worker('one', 'activated') }, worker('one', 'activated')));
    expect(state.controller).toBe(one);
    play(
      snapshot(
        { installing: worker('two', 'installing'), active: worker('one', 'activated') },
        worker('one', 'activated'),
      ),
    );
    play(snapshot({ active: worker('two', 'activated') }, worker('two', 'activated')));
    expect(log).toEqual([
      'installed',
      'activated',
      'controllerchange',
      'updatefound',
      'redundant',
      'controllerchange',
    ]);
    expect(state.controller?.id).toBe('two');
  });

  test('a registration that is gone is empty, but for the worker that still controls the page', () => {
    const state = new PageState(asker);
    state.apply(snapshot({ active: worker('one', 'activated') }, worker('one', 'activated')));
    const registration = state.byId('r');
    state.apply({ registrations: [], controller: worker('one', 'activated') });
    expect(state.registrations).toEqual([]);
    expect(registration?.active?.state).toBe('activated');
  });
});
