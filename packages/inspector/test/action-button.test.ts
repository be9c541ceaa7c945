import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { h } from 'preact';
import { ActionButton } from '../src/page/action-button.js';
import { App } from '../src/page/app.js';
import * as support from './support/page.js';

const { button, click, textOf } = support;
const page = support.usePage();

const alert = (): string | null => textOf(page.root, '[role=alert]') ?? null;
const show = (action: () => Promise<unknown>): Promise<void> =>
  support.show(page.root, h(ActionButton, { label: 'Empty the list', action }));

describe('a button that asks the host', () => {
  test('says nothing where all went well', async () => {
    const action = jest.fn(() => Promise.resolve());
    await show(action);
    await click(button(page.root, 'Empty the list'));
    expect([action.mock.calls.length, alert()]).toEqual([1, null]);
  });

  test('says what the host has said, until it is pressed again', async () => {
    const action = jest
      .fn<() => Promise<unknown>>()
      .mockRejectedValueOnce(new Error('Not while it is read.'))
      .mockResolvedValueOnce(undefined);
    await show(action);
    await click(button(page.root, 'Empty the list'));
    expect(alert()).toBe('Empty the list: Not while it is read.');
    await click(button(page.root, 'Empty the list'));
    expect(alert()).toBe(null);
  });

  test('can’t be pressed twice at once', async () => {
    let finish = (): void => undefined;
    const action = jest.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    await show(action);
    await click(button(page.root, 'Empty the list'));
    expect(button(page.root, 'Empty the list').disabled).toBe(true);
    await click(button(page.root, 'Empty the list'));
    await support.doing(finish);
    expect(action.mock.calls.length).toBe(1);
    expect(button(page.root, 'Empty the list').disabled).toBe(false);
  });
});

describe('of the page', () => {
  beforeEach(async () => {
    page.host.answer('events', new support.Feed());
    await support.show(page.root, h(App, {}));
  });

  test.each([
    ['Save as HAR', 'har', () => new Response('Too much.\n', { status: 413 }), 'Too much.'],
    ['Clear', 'clear', new Error('Failed to fetch'), 'Failed to fetch'],
  ])('%s says why it could not', async (label, path, answer, why) => {
    page.host.answer(path, answer);
    await click(button(page.root, label));
    expect(alert()).toBe(`${label}: ${why}`);
  });
});
