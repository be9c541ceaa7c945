import { describe, expect, test } from '@jest/globals';
import { ExtendableEvent, ExtendableMessageEvent, FetchEvent } from '../src/emulation/events.js';

const request = new Request('https://session.example/');

describe('ExtendableEvent', () => {
  test('is over at once when nothing was given to it', async () => {
    await expect(new ExtendableEvent('install').settled).resolves.toBeUndefined();
  });

  test('takes values that are no promises', async () => {
    const event = new ExtendableEvent('install');
    event.waitUntil('a value');
    await expect(event.settled).resolves.toBeUndefined();
  });

  test('rejects with the first failure in their order', async () => {
    const event = new ExtendableEvent('install');
    event.waitUntil(Promise.resolve());
    event.waitUntil(Promise.reject(new Error('first')));
    const second = Promise.reject(new Error('second'));
    second.catch(() => undefined);
    event.waitUntil(second);
    await expect(event.settled).rejects.toThrow('first');
  });

  test('is the event that its type says', () => {
    const heard: Event[] = [];
    const target = new EventTarget();
    target.addEventListener('activate', (event) => heard.push(event));
    const event = new ExtendableEvent('activate');
    target.dispatchEvent(event);
    expect(heard).toEqual([event]);
    expect(event).toBeInstanceOf(Event);
  });
});

describe('FetchEvent', () => {
  test('has what the standard says when an app makes one itself', async () => {
    const event = new FetchEvent('fetch', { request });
    expect(event).toMatchObject({
      request,
      clientId: '',
      resultingClientId: '',
      replacesClientId: '',
    });
    expect(event.cancelable).toBe(true);
    expect(await event.preloadResponse).toBeUndefined();
    expect(await event.handled).toBeUndefined();
    expect(event.answer).toBeUndefined();
  });

  test('keeps what respondWith() was given, and waits for it', async () => {
    const event = new FetchEvent('fetch', { request });
    let finish: (response: Response) => void = () => undefined;
    event.respondWith(new Promise<Response>((resolve) => (finish = resolve)));
    let isOver = false;
    void event.settled.then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    const response = new Response('x');
    finish(response);
    expect(await event.answer).toBe(response);
    await event.settled;
    expect(isOver).toBe(true);
  });

  test('a response that fails doesn’t fail what the event waits for', async () => {
    const event = new FetchEvent('fetch', { request });
    const failing = Promise.reject<Response>(new Error('no'));
    event.respondWith(failing);
    await expect(event.settled).resolves.toBeUndefined();
    await expect(event.answer).rejects.toThrow('no');
  });

  test.each([
    [
      'a second time',
      (event: FetchEvent) => event.respondWith(new Response('x')),
      'Already called.',
    ],
    ['after its listeners have returned', (event: FetchEvent) => event.close(), 'already finished'],
  ])('throws when it is answered %s', (_, before, why) => {
    const event = new FetchEvent('fetch', { request });
    before(event);
    const answer = (): void => event.respondWith(new Response('y'));
    expect(answer).toThrow(why);
    expect(answer).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
  });
});

describe('ExtendableMessageEvent', () => {
  test('has empty parts when an app makes one itself', () => {
    expect(new ExtendableMessageEvent('message')).toMatchObject({
      ...{ data: null, origin: '', lastEventId: '', source: null, ports: [] },
    });
  });

  test('has the parts that it was given', () => {
    const source = {};
    const event = new ExtendableMessageEvent('message', { data: 1, origin: 'o', source });
    expect(event).toMatchObject({ data: 1, origin: 'o' });
    expect(event.source).toBe(source);
  });
});
