import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { deferred, type Deferred } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { Opening } from '../../src/shell/opening.js';
import { closeTabs, find, openTab, setGlobal, type Tab } from '../support/dom.js';

let tab: Tab;
let opening: Opening;
let paint: Deferred<void>;
/** How often the frame was asked when it paints, and the pill was drawn. */
let asked: number;
let drawn: number;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
  tab = openTab('https://s.example/', '<div id="wingman-cover"></div>');
  paint = deferred();
  [asked, drawn] = [0, 0];
  opening = new Opening(tab.document, {
    frame: {
      painted: () => {
        asked += 1;
        return paint.promise;
      },
    },
    drawPill: () => (drawn += 1),
    onRetry: () => undefined,
  });
});

afterEach(async () => {
  jest.useRealTimers();
  Reflect.deleteProperty(globalThis, 'close');
  await closeTabs();
});

const cover = (): HTMLElement => find(tab.document, '#wingman-cover');

describe('the opening', () => {
  test('shows nothing at first, then how far it is, and nothing any more when the app is there', () => {
    opening.begin();
    expect(cover().textContent).toBe('');
    jest.advanceTimersByTime(BROWSER_LIMITS.progressDelayMs);
    opening.step('browser');
    expect(cover().querySelectorAll('.done')).toHaveLength(1);
    opening.step('app');
    expect(cover().hasAttribute('hidden')).toBe(true);
    expect([opening.isDone('browser'), opening.isDone('host')]).toEqual([true, false]);
  });

  test('draws the pill when the app has painted, and not before', async () => {
    let isPainted = false;
    void opening.painted.then(() => (isPainted = true));
    opening.step('app');
    opening.draw();
    await jest.advanceTimersByTimeAsync(0);
    expect([drawn, isPainted]).toEqual([0, false]);
    paint.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect([drawn, isPainted]).toEqual([1, true]);
    opening.draw();
    expect(drawn).toBe(2);
  });

  test('asks once when the app paints, however often its pages report', () => {
    opening.step('host');
    opening.step('app');
    opening.step('app');
    expect(asked).toBe(1);
  });

  test('shows what is wrong until it is over', () => {
    opening.show('TIMEOUT');
    expect(cover().querySelector('.code')?.textContent).toBe('TIMEOUT');
    expect(opening.problem).toBe('TIMEOUT');
    opening.show(null);
    expect(cover().textContent).toBe('');
  });

  test('tells of a file that the tab was opened for, and closes the tab once it is saved', () => {
    const close = jest.fn();
    setGlobal('close', close);
    opening.fileComes(false);
    expect(cover().textContent).toContain('A file is on its way');
    expect(close).not.toHaveBeenCalled();
    opening.fileComes(true);
    expect(cover().textContent).toContain('The file is here');
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('a file that comes beside the app closes nothing', () => {
    const close = jest.fn();
    setGlobal('close', close);
    opening.step('app');
    opening.fileComes(true);
    expect(close).not.toHaveBeenCalled();
  });

  test.each<[string, () => void, number]>([
    ['nothing is known', () => undefined, 1],
    ['the host was reached', () => opening.step('host'), 0],
    ['something else is wrong', () => opening.show('HOST_OFFLINE'), 0],
  ])('the wait for the host has an end: %s', (_, happens, late) => {
    const onLate = jest.fn();
    opening.awaitHost(onLate);
    happens();
    jest.advanceTimersByTime(BROWSER_LIMITS.connectMs - 1);
    expect(onLate).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(onLate).toHaveBeenCalledTimes(late);
  });
});
