import { beforeEach, describe, expect, test } from '@jest/globals';
import { stopClock } from './support/clock.js';
import { active, bench, ORIGIN, snapshotOf, state, turns, type Bench } from './support/page.js';

stopClock();

describe('the objects of a page', () => {
  let it: Bench;

  beforeEach(() => {
    it = bench({ snapshot: snapshotOf({ active: active() }, active()) });
  });

  test('post messages, with what is transferred', () => {
    const { port1, port2 } = new MessageChannel();
    it.container.controller?.postMessage('one', [port1]);
    it.container.controller?.postMessage('two', { transfer: [port2] });
    it.container.controller?.postMessage('three');
    expect(it.told.map(({ message }) => message)).toMatchObject([
      { kind: 'app-worker-message', worker: 'one', data: 'one', transfer: [port1] },
      { data: 'two', transfer: [port2] },
      { data: 'three', transfer: [] },
    ]);
    expect(it.told.map(({ transfer }) => transfer)).toEqual([[port1], [port2], []]);
    port1.close();
    port2.close();
  });

  test('ask for an update, and for an end', async () => {
    const registration = await it.container.ready;
    const [updated, over] = [registration.update(), registration.unregister()];
    await turns();
    it.say(state(snapshotOf({ active: active() }), { answers: 1, value: 'r' }));
    it.say(state(snapshotOf({ active: active() }), { answers: 2, value: true }));
    expect([await updated, await over]).toEqual([registration, true]);
    expect(it.told.map(({ message }) => message)).toMatchObject([
      { ask: { op: 'update', registration: 'r' } },
      { ask: { op: 'unregister', registration: 'r' } },
    ]);
  });

  test('call the handlers that are set on them, and only the last one', async () => {
    const heard: string[] = [];
    const { container } = it;
    Object.assign(container, { oncontrollerchange: () => heard.push('lost') });
    Object.assign(container, {
      oncontrollerchange(this: unknown) {
        heard.push(this === container ? 'changed' : 'of another');
      },
    });
    it.say(state(snapshotOf({ active: active('two') }, active('two'))));
    await turns();
    expect(heard).toEqual(['changed']);
    expect(Reflect.get(container, 'oncontrollerchange')).toBeInstanceOf(Function);
    Object.assign(container, { oncontrollerchange: null });
    it.say(state(snapshotOf({ active: active('three') }, active('three'))));
    await turns();
    expect(heard).toEqual(['changed']);
  });

  test('fire their events after promises that wait for the same', async () => {
    const order: string[] = [];
    it.container.addEventListener('controllerchange', () => order.push('event'));
    const asked = it.container.getRegistration().then(() => order.push('promise'));
    await turns();
    it.say(
      state(snapshotOf({ active: active('two') }, active('two')), { answers: 1, value: null }),
    );
    await asked;
    await turns();
    expect(order).toEqual(['promise', 'event']);
  });

  test('show each state by itself, however quickly they come', async () => {
    const seen: unknown[] = [];
    const registration = await it.container.ready;
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => seen.push(installing.state));
    });
    const two = active('two');
    it.say(state(snapshotOf({ installing: { ...two, state: 'installing' }, active: active() })));
    it.say(state(snapshotOf({ waiting: { ...two, state: 'installed' }, active: active() })));
    it.say(state(snapshotOf({ active: { ...two, state: 'activating' } })));
    it.say(state(snapshotOf({ active: two })));
    await turns();
    expect(seen).toEqual(['installed', 'activating', 'activated']);
  });

  test('refuse what can’t be had, with the reason', async () => {
    const registration = await it.container.ready;
    await expect(registration.showNotification()).rejects.toMatchObject({
      name: 'NotSupportedError',
    });
    await expect(registration.pushManager.subscribe()).rejects.toThrow('Wingman');
    expect(await registration.pushManager.getSubscription()).toBeNull();
    expect(await registration.pushManager.permissionState()).toBe('denied');
    expect(await registration.getNotifications()).toEqual([]);
  });

  test('messages of others are none of theirs', () => {
    const heard: unknown[] = [];
    it.container.addEventListener('message', (event) => heard.push(event));
    it.say({ kind: 'wingman-complaint' } as never);
    it.say(undefined as never);
    expect(heard).toEqual([]);
  });
});

describe('a page that waits for `ready`', () => {
  test('has it when a version in its scope is active, and not before', async () => {
    const { container, say } = bench();
    let isReady = false;
    void container.ready.then(() => (isReady = true));
    say(state(snapshotOf({ waiting: { ...active(), state: 'installed' } })));
    await turns();
    expect(isReady).toBe(false);
    say(state(snapshotOf({ id: 'elsewhere', scope: `${ORIGIN}/elsewhere/`, active: active() })));
    await turns();
    expect(isReady).toBe(false);
    const own = snapshotOf({ active: active() });
    say(
      state({ ...own, registrations: own.registrations.map((each) => ({ ...each, id: 'own' })) }),
    );
    await turns();
    expect(isReady).toBe(true);
  });
});
