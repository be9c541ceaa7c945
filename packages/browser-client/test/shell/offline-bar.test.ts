import { describe, expect, jest, test } from '@jest/globals';
import type { ProblemCode } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { NO_LINK } from '../../src/shared/status.js';
import { find } from '../support/dom.js';
import {
  RELAYED,
  RENDER_MS,
  button,
  click,
  rendered,
  retries,
  root,
  setUp,
} from '../support/pill.js';

describe('the bar over the app', () => {
  const bar = (): string => root().querySelector('.bar')?.textContent ?? '';

  test('is not there while a path carries, nor for one that is away for a moment', async () => {
    const { view } = setUp();
    await rendered(2 * BROWSER_LIMITS.offlineBarMs);
    expect(bar()).toBe('');
    view.draw({ status: NO_LINK, isIngress: false, problem: null });
    await rendered(BROWSER_LIMITS.offlineBarMs / 2);
    expect(bar()).toBe('');
    view.draw({ status: RELAYED, isIngress: false, problem: null });
    await rendered(2 * BROWSER_LIMITS.offlineBarMs);
    expect(bar()).toBe('');
  });

  test('says since when, why, and that what is done now waits', async () => {
    jest.setSystemTime(new Date(2026, 10, 23, 14, 3));
    setUp(NO_LINK);
    await rendered(BROWSER_LIMITS.offlineBarMs + RENDER_MS);
    expect(bar()).toMatch(/^Offline since 0?[12]?[24]:03/);
    expect(bar()).toContain('What you do here waits for the connection.');
    expect(find(root(), '.bar').getAttribute('role')).toBe('status');
  });

  test.each<[number, string]>([
    [1, 'One request waits for the connection.'],
    [7, '7 requests wait for the connection.'],
  ])('counts what waits: %i', async (unanswered, expected) => {
    const { view } = setUp(NO_LINK);
    await rendered(BROWSER_LIMITS.offlineBarMs + RENDER_MS);
    const status = { ...NO_LINK, unanswered };
    view.draw({ status, isIngress: false, problem: 'HOST_OFFLINE' });
    await rendered();
    expect(bar()).toContain(expected);
    expect(bar()).toContain('The developer’s machine can’t be reached.');
  });

  test.each<[string, ProblemCode, boolean]>([
    ['goes where a page over the app says all of it', 'SESSION_STOPPED', false],
    ['stays where none does', 'SERVER_UNREACHABLE', true],
  ])('%s', async (_, problem, isThere) => {
    const { view } = setUp(NO_LINK);
    await rendered(BROWSER_LIMITS.offlineBarMs + RENDER_MS);
    view.draw({ status: NO_LINK, isIngress: false, problem });
    await rendered();
    expect(bar() !== '').toBe(isThere);
  });

  test('says of a link that was lost that nothing waits any more', async () => {
    setUp({ ...NO_LINK, hasLost: true, unanswered: 2 });
    await rendered(BROWSER_LIMITS.offlineBarMs + RENDER_MS);
    expect(bar()).toContain('What was under way has ended with an error.');
  });

  test('tries again, or goes, by a click', async () => {
    setUp(NO_LINK);
    await rendered(BROWSER_LIMITS.offlineBarMs + RENDER_MS);
    await click(button('Try now'));
    expect(retries).toBe(1);
    await click(button('Hide'));
    expect(bar()).toBe('');
  });

  test('is not shown to a tab without a tunnel, which has no link', async () => {
    setUp(NO_LINK, true);
    await rendered(2 * BROWSER_LIMITS.offlineBarMs);
    expect(bar()).toBe('');
  });
});
