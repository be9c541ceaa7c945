import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HeldPosts } from '../src/service-worker/held-posts.js';
import { BROWSER_LIMITS, SERVICE_WORKER_LIMITS } from '../src/shared/limits.js';
import { MessageRelay } from '../src/shell/message-relay.js';
import { topNavigation, type NavigateEvent } from '../src/shell/top-navigation.js';

const HERE = 'https://s.example/page?q#a';

describe('a navigation of the tab that the app has started', () => {
  const decide = (url: string, more: Partial<NavigateEvent> = {}): string => {
    const destination = { url, sameDocument: false };
    const plain = { cancelable: true, navigationType: 'push', userInitiated: false };
    const event = { ...plain, destination, formData: null, downloadRequest: null, ...more };
    return topNavigation(event as NavigateEvent, url, HERE);
  };
  test.each<[string, string, Partial<NavigateEvent>, string]>([
    ['to where the app is', HERE, {}, 'none'],
    ['by a click to where the app is', HERE, { userInitiated: true }, 'reload'],
    ['elsewhere in the app', 'https://s.example/other', {}, 'frame'],
    ['in place of this page', 'https://s.example/', { navigationType: 'replace' }, 'frame'],
    ['to another site', 'https://other.example/page', {}, 'tab'],
    ['to ours', 'https://s.example/__wingman/x', {}, 'tab'],
    ['that reloads', HERE, { navigationType: 'reload' }, 'tab'],
    ['back', 'https://s.example/other', { navigationType: 'traverse' }, 'tab'],
    ['by a form', 'https://s.example/other', { formData: new FormData() }, 'tab'],
    ['to a file', 'https://s.example/other', { downloadRequest: 'x' }, 'tab'],
    ['that can’t be stopped', HERE, { cancelable: false }, 'tab'],
  ])('%s', (_, url, more, expected) => {
    expect(decide(url, more)).toBe(expected);
  });

  test('within the document, such as the shell’s own', () => {
    const destination = { url: 'https://s.example/other', sameDocument: true };
    expect(decide('', { destination })).toBe('tab');
  });
});

describe('messages to the tab', () => {
  test('wait for the app, in order and not without end', () => {
    const tab = new EventTarget();
    const heard: unknown[] = [];
    const app = Object.assign(new EventTarget(), { MessageEvent, structuredClone });
    app.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
    const relay = new MessageRelay(tab as Window, () => app as unknown as typeof window);
    const many = BROWSER_LIMITS.maxEarlyMessages;
    for (let data = 0; data < many + 5; data += 1) {
      tab.dispatchEvent(new MessageEvent('message', { data }));
    }
    expect(heard).toEqual([]);
    relay.loaded();
    tab.dispatchEvent(new MessageEvent('message', { data: 'late' }));
    expect(heard).toEqual([...Array(many).keys(), 'late']);
  });
});

describe('held forms', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const post = (body: string): Request =>
    new Request('https://s.example/submit', { method: 'POST', body });

  test('each is given out once, to the tab and for the URL it was posted to', async () => {
    const posts = new HeldPosts();
    expect(await posts.hold('tab', post('a=1'))).toBe(true);
    const url = 'https://s.example/submit';
    expect(posts.take('tab', url)).toBeUndefined();
    posts.announce('tab', url);
    expect(posts.take('tab', 'https://s.example/other')).toBeUndefined();
    expect(posts.take('other', url)).toBeUndefined();
    const held = posts.take('tab', url);
    expect(held === undefined || held === 'lost' ? held : await held.body.text()).toBe('a=1');
    expect(posts.take('tab', url)).toBeUndefined();
  });

  test('one that nobody fetches is dropped', async () => {
    const posts = new HeldPosts();
    await posts.hold('tab', post('a=1'));
    jest.advanceTimersByTime(SERVICE_WORKER_LIMITS.heldPostMs);
    posts.announce('tab', 'https://s.example/submit');
    expect(posts.take('tab', 'https://s.example/submit')).toBe('lost');
  });

  test('one that is gone is not taken for a page view', async () => {
    const posts = new HeldPosts();
    for (let count = 0; count <= SERVICE_WORKER_LIMITS.maxHeldPosts; count += 1) {
      await posts.hold(`tab-${count}`, post('a=1'));
    }
    posts.announce('tab-0', 'https://s.example/submit');
    expect(posts.take('tab-0', 'https://s.example/submit')).toBe('lost');
  });
});
