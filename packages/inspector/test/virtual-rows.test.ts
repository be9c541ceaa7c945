import { describe, expect, test } from '@jest/globals';
import { h, type ComponentChild } from 'preact';
import { useRef } from 'preact/hooks';
import { useVirtualRows } from '../src/page/virtual-rows.js';
import { doing, show, usePage } from './support/page.js';

const page = usePage();
const ROW = 20;
/** As high as the support says that every element is. */
const SIGHT = 280;
const IN_SIGHT = SIGHT / ROW;
const OVERSCAN = 10;

let scrollTo: (index: number) => void;

/** A box that scrolls, with a line for each of so many rows. */
function List({ count }: { readonly count: number }): ComponentChild {
  const box = useRef<HTMLDivElement | null>(null);
  const virtual = useVirtualRows(box, count, ROW);
  scrollTo = virtual.scrollTo;
  return h(
    'div',
    { ref: box, id: 'box' },
    h('p', {}, String(virtual.height)),
    virtual.rows.map(({ index, start }) => h('i', { key: index, title: String(start) }, index)),
  );
}

const draw = (count: number): Promise<void> => show(page.root, h(List, { count }));
const shown = (): number[] =>
  [...page.root.querySelectorAll('i')].map(({ textContent }) => Number(textContent));
const from = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at);
const box = (): HTMLElement => page.root.querySelector<HTMLElement>('#box')!;

async function scrolledTo(top: number): Promise<void> {
  box().scrollTop = top;
  await doing(() => box().dispatchEvent(new Event('scroll')));
}

describe('the rows of a long list', () => {
  test('are those in sight and some beyond, each at its place', async () => {
    await draw(1_000);
    expect(shown()).toEqual(from(0, IN_SIGHT - 1 + OVERSCAN));
    const places = [...page.root.querySelectorAll('i')].map(({ title }) => Number(title));
    expect(places).toEqual(shown().map((index) => index * ROW));
    expect(page.root.querySelector('p')?.textContent).toBe(String(1_000 * ROW));
  });

  test('are others when somebody scrolls', async () => {
    await draw(1_000);
    await scrolledTo(500 * ROW);
    expect(shown()[0]).toBe(500 - OVERSCAN);
    expect(shown()).toContain(500 + IN_SIGHT - 1);
    expect(shown()).not.toContain(0);
  });

  test('end with the list', async () => {
    await draw(1_000);
    await scrolledTo(1_000 * ROW - SIGHT);
    expect(shown().at(-1)).toBe(999);
  });

  test('follow the number of rows, up and down to none', async () => {
    await draw(3);
    expect(shown()).toEqual([0, 1, 2]);
    await draw(5);
    expect(shown()).toEqual([0, 1, 2, 3, 4]);
    await draw(0);
    expect([shown(), page.root.querySelector('p')?.textContent]).toEqual([[], '0']);
  });

  test('are scrolled to by their index, to the place where the row is in sight', async () => {
    await draw(1_000);
    const places: number[] = [];
    const noted = (where?: ScrollToOptions | number): void => {
      if (typeof where === 'object') places.push(where.top ?? -1);
    };
    box().scrollTo = noted;
    Object.defineProperty(box(), 'scrollHeight', { get: () => 1_000 * ROW });
    await doing(() => scrollTo(500));
    const [top = -1] = places;
    expect(top).toBeLessThanOrEqual(500 * ROW);
    expect(top + SIGHT).toBeGreaterThanOrEqual(501 * ROW);
  });
});
