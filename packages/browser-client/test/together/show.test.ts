import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { TogetherEvent } from '@wingman/protocol';
import { TOGETHER_LIMITS } from '../../src/shared/limits.js';
import { readEvent } from '../../src/together/connection.js';
import type { Here } from '../../src/together/together.js';
import { showTogether } from '../../src/together/show.js';
import { closeTabs, find, openTab, type Tab } from '../support/dom.js';
import { FakeFrame } from '../support/followed-frame.js';
import { TogetherHost } from '../support/together-host.js';

const HERE: Here = { event: 'here', viewers: 2, isLed: false, followers: 0 };
const WELCOME: TogetherEvent = { event: 'welcome', token: 'mine' };
const { fetch: realFetch } = globalThis;

let tab: Tab;
let host: TogetherHost;
let frame: FakeFrame;
let slot: HTMLElement;
let open: () => void;
let close: () => void;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
  tab = openTab('https://s.example/', '<iframe id="wingman-app"></iframe><div id="slot"></div>');
  host = new TogetherHost();
  frame = new FakeFrame();
  slot = find(tab.document, '#slot');
  const show = showTogether(tab.document, '');
  open = () => (close = show(slot, frame));
});

afterEach(async () => {
  tab.document.getElementById('wingman-app')?.remove();
  await turn();
  jest.useRealTimers();
  Object.assign(globalThis, { fetch: realFetch });
  await closeTabs();
});

/** Lets a turn pass, and what comes of it. */
async function turn(milliseconds: number = TOGETHER_LIMITS.turnMs): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
  for (let count = 0; count < 5; count++) await new Promise((resolve) => setImmediate(resolve));
  await jest.advanceTimersByTimeAsync(0);
}

async function hears(...events: TogetherEvent[]): Promise<void> {
  for (const event of events) host.tell(event);
  await turn();
}

function overlay(): ShadowRoot {
  const { shadowRoot } = find(tab.document, 'wingman-together');
  if (shadowRoot === null) throw new Error('the overlay has no root');
  return shadowRoot;
}

const textIn = (root: ParentNode): string =>
  [...root.querySelectorAll('p')].map(({ textContent }) => textContent).join(' ');

async function press(root: ParentNode, label: string): Promise<void> {
  const button = [...root.querySelectorAll('button')].find((one) => one.textContent === label);
  if (button === undefined) throw new Error(`there is no button ${label}`);
  button.click();
  await turn();
}

async function taking(label: 'Lead the way' | 'Follow whoever leads'): Promise<void> {
  open();
  await turn();
  await hears(WELCOME, HERE);
  await press(slot, label);
  await hears(WELCOME, { ...HERE, isLed: true });
}

describe('the pill’s details', () => {
  test('say who is here while they are open, and nothing is sent', async () => {
    open();
    await turn();
    expect(host.asked).toEqual(['as=watch']);
    expect(textIn(slot)).toContain('Looking who is here');
    await hears(WELCOME, HERE);
    expect(textIn(slot)).toContain('You and one other are here.');
    await hears({ ...HERE, viewers: 4 });
    expect(textIn(slot)).toContain('You and 3 others are here.');
    await hears({ ...HERE, viewers: 1 });
    expect(textIn(slot)).toContain('Nobody else is here.');
    expect(host.moves).toEqual([]);
    close();
    await turn();
    expect(host.open).toBe(0);
    expect(slot.textContent).toBe('');
  });

  test('offer to follow alone where somebody leads', async () => {
    open();
    await turn();
    await hears({ ...HERE, isLed: true });
    const labels = [...slot.querySelectorAll('button')].map(({ textContent }) => textContent);
    expect(labels).toEqual(['Follow who leads']);
  });

  test('are empty where the developer has turned it off, and nobody asks again', async () => {
    host.status = 404;
    open();
    await turn();
    expect(slot.textContent).toBe('');
    await turn(10 * TOGETHER_LIMITS.againMs);
    expect(host.asked).toHaveLength(1);
  });

  test('say that somebody else was quicker', async () => {
    open();
    await turn();
    await hears(HERE);
    host.status = 409;
    await press(slot, 'Lead the way');
    expect(textIn(slot)).toContain('Somebody else leads already.');
    expect(overlay().querySelector('.bar')).toBeNull();
  });
});

describe('a tab that leads', () => {
  test('says where it is when that has changed, one message at a time', async () => {
    await taking('Lead the way');
    expect(host.asked).toEqual(['as=watch', 'as=lead']);
    expect(host.moves.map(({ token, place }) => [token, place.path])).toEqual([['mine', '/']]);
    await turn();
    expect(host.moves).toHaveLength(1);
    host.isSlow = true;
    frame.show('https://s.example/a');
    await turn();
    frame.show('https://s.example/b');
    await turn();
    expect(host.moves).toHaveLength(2);
    host.isSlow = false;
    host.release?.();
    await turn();
    await turn();
    expect(host.moves.map(({ place }) => place.path)).toEqual(['/', '/a', '/b']);
  });

  test('says it again when its stream has broken off', async () => {
    await taking('Lead the way');
    host.breakOff();
    await turn(TOGETHER_LIMITS.againMs);
    expect(host.moves).toHaveLength(1);
    await hears({ event: 'welcome', token: 'new' });
    await turn();
    expect(host.moves.map(({ token }) => token)).toEqual(['mine', 'new']);
  });

  test('is seen to lead, also with the details closed, until it stops', async () => {
    await taking('Lead the way');
    close();
    expect(textIn(overlay())).toBe('You lead. Nobody follows yet.');
    await hears({ ...HERE, isLed: true, followers: 1 });
    expect(textIn(overlay())).toBe('You lead. One follows.');
    await hears({ ...HERE, isLed: true, followers: 3 });
    expect(textIn(overlay())).toBe('You lead. 3 follow.');
    await press(overlay(), 'Stop');
    expect(overlay().querySelector('.bar')).toBeNull();
    expect(host.open).toBe(0);
    frame.show('https://s.example/later');
    await turn();
    expect(host.moves).toHaveLength(1);
  });

  test('shows in the details how to stop', async () => {
    await taking('Lead the way');
    await press(slot, 'Stop leading');
    expect(host.asked).toEqual(['as=watch', 'as=lead', 'as=watch']);
  });

  test('ends with the session in this tab', async () => {
    await taking('Lead the way');
    tab.document.getElementById('wingman-app')?.remove();
    await turn();
    expect(host.open).toBe(0);
    expect(overlay().querySelector('.bar')).toBeNull();
  });
});

describe('a tab that follows', () => {
  test('goes where the one goes who leads, and shows the pointer', async () => {
    await taking('Follow whoever leads');
    expect(textIn(overlay())).toBe('You follow.');
    const place = { path: '/a', scroll: [0, 1], pointer: [0.1, 0.1] } as const;
    await hears({ event: 'place', place });
    expect(frame.went).toEqual(['https://s.example/a']);
    expect(frame.scrolls.at(-1)).toEqual({ left: 0, top: 3_200 });
    expect(find<HTMLElement>(overlay(), '.pointer').style.transform).toContain('translate(100px');
    expect(host.moves).toEqual([]);
    await press(overlay(), 'Stop');
    await hears({ event: 'place', place: { ...place, path: '/b' } });
    expect(frame.went).toHaveLength(1);
  });

  test('waits for somebody who leads', async () => {
    await taking('Follow whoever leads');
    await hears(HERE);
    expect(textIn(overlay())).toBe('You follow. Nobody leads yet.');
  });

  test('asks again when its stream has broken off', async () => {
    await taking('Follow whoever leads');
    host.breakOff();
    await turn(TOGETHER_LIMITS.againMs);
    expect(host.asked).toEqual(['as=watch', 'as=follow', 'as=follow']);
    await hears({ event: 'place', place: { path: '/a', scroll: [0, 0], pointer: null } });
    expect(frame.went).toEqual(['https://s.example/a']);
  });

  test('leaves a stream that is none of ours', async () => {
    await taking('Follow whoever leads');
    host.send('x'.repeat(TOGETHER_LIMITS.eventChars + 1));
    await turn(TOGETHER_LIMITS.againMs);
    expect(host.asked).toHaveLength(3);
  });
});

test.each([
  '',
  '{',
  'null',
  '{"event":"other"}',
  '{"event":"place","place":{"path":"javascript:0","scroll":[0,0],"pointer":null}}',
  '{"event":"place","place":{"path":"/__wingman/ports","scroll":[0,0],"pointer":null}}',
])('what is no event of ours is left out: %s', (text) => {
  expect(readEvent(text)).toBeUndefined();
});
