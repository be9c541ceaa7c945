import { describe, expect, test } from '@jest/globals';
import type { Place } from '@wingman/protocol';
import { Following } from '../../src/together/following.js';
import { Leading, pathOf } from '../../src/together/leading.js';
import { FakeFrame } from '../support/followed-frame.js';

const ORIGIN = 'https://s.example';
const PLACE: Place = { path: '/a?b#c', scroll: [0, 0.5], pointer: null };

function setUp(url?: string) {
  const frame = new FakeFrame(url);
  return { frame, following: new Following(frame, ORIGIN) };
}

describe('who follows', () => {
  test('goes to a new page once, wherever the app leads from there', () => {
    const { frame, following } = setUp();
    following.follow(PLACE);
    expect(frame.went).toEqual([`${ORIGIN}/a?b#c`]);
    frame.show(`${ORIGIN}/login`);
    following.follow({ ...PLACE, scroll: [0, 1] });
    expect(frame.went).toHaveLength(1);
    following.follow({ ...PLACE, path: '/b' });
    expect(frame.went).toEqual([`${ORIGIN}/a?b#c`, `${ORIGIN}/b`]);
  });

  test('stays where it is already', () => {
    const { frame, following } = setUp(`${ORIGIN}/a?b#c`);
    following.follow(PLACE);
    expect(frame.went).toEqual([]);
  });

  test('comes back from another site', () => {
    const { frame, following } = setUp();
    frame.isForeign = true;
    following.follow(PLACE);
    expect(frame.went).toEqual([`load ${ORIGIN}/a?b#c`]);
  });

  test.each([
    'javascript:alert(1)',
    '//elsewhere.example/',
    'data:text/html,x',
    'ftp://s.example/',
  ])('never goes to %s, even if the host has let it pass', (path) => {
    const { frame, following } = setUp();
    following.follow({ ...PLACE, path });
    expect(frame.went).toEqual([]);
  });

  test('scrolls as far, of what its own window can be scrolled', () => {
    const { frame, following } = setUp();
    following.follow(PLACE);
    following.keepUp();
    expect(frame.scrolls).toEqual([{ left: 0, top: 1_600 }]);
  });

  test('is not scrolled again until something is new: the place, the page, or its length', () => {
    const { frame, following } = setUp();
    following.follow(PLACE);
    following.keepUp();
    following.keepUp();
    following.follow({ ...PLACE, pointer: [0.5, 0.5] });
    following.keepUp();
    expect(frame.scrolls).toHaveLength(1);
    following.follow({ ...PLACE, scroll: [0, 1] });
    following.keepUp();
    frame.size = { width: 1_000, height: 8_000 };
    following.keepUp();
    frame.show(`${ORIGIN}/a?b#c`);
    following.keepUp();
    expect(frame.scrolls.map(({ top }) => top)).toEqual([1_600, 3_200, 7_200, 7_200]);
  });

  test('scrolls no page that is still loading, nor another one, nor another site’s', () => {
    const { frame, following } = setUp();
    following.keepUp();
    following.follow(PLACE);
    frame.readyState = 'loading';
    following.keepUp();
    frame.readyState = 'complete';
    frame.show(`${ORIGIN}/elsewhere`);
    following.keepUp();
    frame.isForeign = true;
    following.keepUp();
    expect(frame.scrolls).toEqual([]);
  });

  test('sees the pointer where the page has it', () => {
    const { frame, following } = setUp();
    expect(following.pointer).toBeUndefined();
    following.follow({ ...PLACE, pointer: [0.5, 0.5] });
    frame.scroll = { x: 0, y: 1_600 };
    expect(following.pointer).toEqual({ x: 500, y: 400 });
    frame.show(`${ORIGIN}/elsewhere`);
    expect(following.pointer).toBeUndefined();
  });
});

describe('who leads', () => {
  test('is where its page is', () => {
    const frame = new FakeFrame(`${ORIGIN}/a?b#c`);
    frame.scroll = { x: 0, y: 800 };
    expect(new Leading(frame).place).toEqual({ path: '/a?b#c', scroll: [0, 0.25], pointer: null });
  });

  test('has a pointer from its first move, on each page anew', () => {
    const frame = new FakeFrame();
    const leading = new Leading(frame);
    expect(leading.place?.pointer).toBeNull();
    frame.scroll = { x: 0, y: 1_600 };
    void leading.place;
    frame.scroll = { x: 0, y: 0 };
    frame.point(250, 400);
    expect(leading.place?.pointer).toEqual([0.25, 0.1]);
    frame.document.listeners.get('pointerleave')?.();
    expect(leading.place?.pointer).toBeNull();
    frame.point(250, 400);
    frame.show(`${ORIGIN}/b`);
    expect(leading.place?.pointer).toBeNull();
    frame.point(500, 400);
    expect(leading.place?.pointer).toEqual([0.5, 0.1]);
  });

  test('is nowhere on another site, and where no address can be passed on', () => {
    const frame = new FakeFrame();
    const leading = new Leading(frame);
    frame.isForeign = true;
    expect(leading.place).toBeUndefined();
    frame.show(`${ORIGIN}/__wingman/ports`);
    expect(leading.place).toBeUndefined();
    frame.show(`${ORIGIN}/${'x'.repeat(5_000)}`);
    expect(leading.place).toBeUndefined();
  });

  test('never says more than a page has', () => {
    const frame = new FakeFrame();
    frame.size = { width: 500, height: 500 };
    frame.scroll = { x: -40, y: 9_000 };
    const leading = new Leading(frame);
    expect(leading.place?.scroll).toEqual([0, 0]);
    frame.point(9_000, -10_000);
    expect(leading.place?.pointer).toEqual([1, 0]);
  });
});

test('a frame without a page of ours has no path', () => {
  expect(pathOf({ url: undefined })).toBeUndefined();
});
