import { describe, expect, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { NO_LINK, type LinkStatus } from '../../src/shared/status.js';
import { find } from '../support/dom.js';
import {
  BY_TURN,
  DIRECT,
  RELAYED,
  RENDER_MS,
  button,
  click,
  details,
  nextTab,
  open,
  pill,
  place,
  press,
  rendered,
  root,
  setUp,
  tab,
  text,
} from '../support/pill.js';

describe('what the pill says', () => {
  test.each<[string, LinkStatus, boolean, string]>([
    ['a direct path', DIRECT, false, 'Direct 4.3 ms'],
    ['the relay', RELAYED, false, 'Relayed 42 ms'],
    ['a TURN server', BY_TURN, false, 'By TURN 31 ms'],
    ['no link', NO_LINK, false, 'Offline'],
    ['a link that was lost', { ...NO_LINK, hasLost: true }, false, 'Connection lost'],
    ['the ingress, without a round trip', DIRECT, true, 'Through the server, readable by it'],
  ])('of %s', (_, status, isIngress, expected) => {
    setUp(status, isIngress);
    expect(text('.text')).toBe(expected);
  });

  test('follows the status, for readers of screens too', async () => {
    const { view } = setUp();
    expect(pill().getAttribute('aria-label')).toContain('Connection: Direct 4.3 ms.');
    view.draw({ status: RELAYED, isIngress: false, problem: null });
    await rendered();
    expect(pill().getAttribute('aria-label')).toContain('Connection: Relayed 42 ms.');
    expect(find(root(), '.place').classList.contains('relayed')).toBe(true);
  });

  test('is out of reach of the page’s styles and brings its own', () => {
    setUp();
    const [sheet] =
      tab.document.querySelector('wingman-pill')?.shadowRoot?.adoptedStyleSheets ?? [];
    expect(sheet?.cssRules[0]?.cssText).toBe('.pill { color: red; }');
    expect(tab.document.querySelector('button')).toBeNull();
  });
});

describe('the size of the pill', () => {
  const isSmall = (): boolean => pill().classList.contains('small');

  test('is large at first and small after a while', async () => {
    setUp();
    await rendered();
    expect(isSmall()).toBe(false);
    await rendered(BROWSER_LIMITS.pillCollapseMs - RENDER_MS);
    await rendered();
    expect(isSmall()).toBe(true);
    expect(pill().title).toBe('Direct 4.3 ms');
  });

  test('is large again when the kind of path changes, and not for another round trip', async () => {
    const { view } = setUp();
    await rendered(2 * BROWSER_LIMITS.pillCollapseMs);
    view.draw({ status: { ...DIRECT, rttMs: 9 }, isIngress: false, problem: null });
    await rendered();
    expect(isSmall()).toBe(true);
    view.draw({ status: RELAYED, isIngress: false, problem: null });
    await rendered();
    expect(isSmall()).toBe(false);
  });

  test.each<[string, LinkStatus]>([
    ['offline', NO_LINK],
    ['lost', { ...NO_LINK, hasLost: true }],
  ])('is large for as long as the connection is %s, hidden or not', async (_, status) => {
    const { view } = setUp();
    await open();
    await click(button('Keep as a dot'));
    view.draw({ status, isIngress: false, problem: null });
    await rendered(2 * BROWSER_LIMITS.pillCollapseMs);
    expect(isSmall()).toBe(false);
  });

  test('stays small for whoever has hidden the pill, in later tabs too, until it is asked for', async () => {
    setUp();
    await open();
    await click(button('Keep as a dot'));
    expect([isSmall(), details()]).toEqual([true, null]);
    await nextTab();
    setUp();
    expect(isSmall()).toBe(true);
    await open();
    expect(isSmall()).toBe(false);
  });
});

describe('the place of the pill', () => {
  test('is a corner that the arrow keys choose, and that is kept', async () => {
    setUp();
    expect(place()).toEqual(['bottom', 'right']);
    const moved = await press('ArrowUp');
    await press('ArrowLeft');
    expect(moved.defaultPrevented).toBe(true);
    expect(place()).toEqual(['top', 'left']);
    expect(JSON.parse(tab.localStorage.getItem('wingman.pill') ?? '')).toEqual({
      vertical: 'top',
      horizontal: 'left',
      isHidden: false,
    });
  });

  test('does not change by other keys, which stay the page’s', async () => {
    setUp();
    const event = await press('a');
    expect(event.defaultPrevented).toBe(false);
    expect(place()).toEqual(['bottom', 'right']);
  });

  function pointer(type: string, clientX: number, clientY: number): void {
    const event = new tab.MouseEvent(type, { clientX, clientY, bubbles: true });
    pill().dispatchEvent(Object.assign(event, { pointerId: 1 }));
  }

  async function drag(to: [number, number], end = 'pointerup'): Promise<void> {
    pill().setPointerCapture = () => undefined;
    pointer('pointerdown', 1000, 700);
    pointer('pointermove', ...to);
    await rendered();
    pointer(end, ...to);
    await rendered();
  }

  test('is the corner nearest to where it is dropped, and the click after it opens nothing', async () => {
    setUp();
    await drag([10, 12]);
    expect(place()).toEqual(['top', 'left']);
    await click(pill());
    expect(details()).toBeNull();
  });

  test('follows the pointer while it is dragged', async () => {
    setUp();
    pill().setPointerCapture = () => undefined;
    pointer('pointerdown', 1000, 700);
    pointer('pointermove', 960, 690);
    await rendered();
    expect(pill().style.transform).toBe('translate(-40px, -10px)');
    expect(pill().classList.contains('dragged')).toBe(true);
  });

  test('is not changed by a press that trembles, which is a click', async () => {
    setUp();
    await drag([997, 698]);
    expect(place()).toEqual(['bottom', 'right']);
    await open();
  });

  test('is not changed by a drag that the browser takes away', async () => {
    setUp();
    await drag([10, 12], 'pointercancel');
    expect(place()).toEqual(['bottom', 'right']);
    expect(pill().style.transform).toBe('');
  });

  test('does not follow a pointer that was never pressed', async () => {
    setUp();
    pointer('pointermove', 10, 10);
    await rendered();
    expect(pill().style.transform).toBe('');
  });
});
