import { describe, expect, jest, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { NO_LINK } from '../../src/shared/status.js';
import { formatLeft } from '../../src/shell/pill-details.js';
import { PillView } from '../../src/shell/status-pill.js';
import { find, setGlobal } from '../support/dom.js';
import {
  setUp,
  open,
  details,
  text,
  root,
  click,
  button,
  press,
  rendered,
  pill,
  place,
  leaves,
  tab,
  WHY,
  PAIR,
  DIRECT,
  RELAYED,
  BY_TURN,
  RENDER_MS,
} from '../support/pill.js';

describe('the details', () => {
  test('open and close by a click, and close by Escape', async () => {
    setUp();
    expect(pill().getAttribute('aria-expanded')).toBe('false');
    await open();
    expect(pill().getAttribute('aria-expanded')).toBe('true');
    await click(pill());
    expect(details()).toBeNull();
    await open();
    await press('Escape');
    expect(details()).toBeNull();
  });

  test('take the focus when they open, and give it back when they close', async () => {
    setUp();
    await open();
    expect(root().activeElement).toBe(details());
    await press('ArrowUp');
    expect(place()).toEqual(['bottom', 'right']);
    await press('Escape');
    expect(root().activeElement).toBe(pill());
  });

  test('show the figures of both paths, and a dash for what nobody knows', async () => {
    const { view } = setUp();
    const bytes = { ...NO_LINK.bytes, p2p: { in: 2048, out: 3 } };
    const status = { ...DIRECT, bytes, rtt: { ...NO_LINK.rtt, p2p: 4.26 }, switches: 3 };
    view.draw({ status, isIngress: false, problem: null });
    await open();
    const values = [...root().querySelectorAll('dd')].map(({ textContent }) => textContent);
    expect(values).toEqual([
      ...['4.3 ms', '–', '2.0 KiB / 3 B', '0 B / 0 B'],
      ...['–', '–', '3', 'abcdef01 open'],
    ]);
  });

  test('show the figures of a way by TURN where there is one', async () => {
    const { view } = setUp();
    const bytes = { ...NO_LINK.bytes, turn: { in: 4096, out: 5 } };
    const status = { ...BY_TURN, bytes, rtt: { ...NO_LINK.rtt, turn: 31 } };
    view.draw({ status, isIngress: false, problem: null });
    await open();
    const values = [...root().querySelectorAll('dd')].map(({ textContent }) => textContent);
    expect(values.slice(1, 3)).toEqual(['31 ms', '4.0 KiB / 5 B']);
    expect(find(root(), '.place').classList.contains('turn')).toBe(true);
  });

  test('say why there is no direct path where there is none', async () => {
    const { view } = setUp();
    await open();
    expect(details()?.textContent).not.toContain(WHY);
    view.draw({ status: RELAYED, isIngress: false, problem: null });
    await rendered();
    expect(details()?.textContent).toContain(`No direct path: ${WHY}`);
  });

  test('of the ingress say that the server reads along, and have no figures', async () => {
    setUp(NO_LINK, true);
    await open();
    expect(text('.what')).toContain('which can read what passes');
    expect(root().querySelector('dl')).toBeNull();
    expect(root().querySelector('.choices')).toBeNull();
  });

  test('show which path is preferred, and change it', async () => {
    const { preferred } = setUp({ ...DIRECT, preference: 'relay' });
    await open();
    const pressed = ['Automatic', 'Direct', 'Relay'].map((label) =>
      button(label).getAttribute('aria-pressed'),
    );
    expect(pressed).toEqual(['false', 'false', 'true']);
    await click(button('Automatic'));
    await click(button('Direct'));
    expect(preferred).toEqual(['auto', 'p2p']);
  });

  test('offer no relay that is to be spared', async () => {
    setUp({ ...DIRECT, sparesRelay: true });
    await open();
    expect(text('.choices')).toBe('AutomaticDirect');
  });

  test('look the addresses up while they are open, and only then', async () => {
    const { view, pairs } = setUp();
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    expect(pairs.asked).toBe(0);
    pairs.now = PAIR;
    await open();
    expect(root().innerHTML).toContain(PAIR.local);
    pairs.now = { ...PAIR, remote: 'relay 192.0.2.9:9 udp' };
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    await rendered();
    expect(root().innerHTML).toContain('relay 192.0.2.9:9 udp');
    await click(pill());
    const { asked } = pairs;
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    expect(pairs.asked).toBe(asked);
  });
});

describe('the link to the page', () => {
  test('goes to the clipboard', async () => {
    const copied: string[] = [];
    const writeText = (value: string): Promise<void> => Promise.resolve(void copied.push(value));
    setGlobal('navigator', { clipboard: { writeText } });
    setUp();
    await open();
    await click(button('Copy link to this page'));
    expect(copied).toEqual(['https://s.example/#k=key']);
    expect(text('.foot [role=status]')).toBe('Copied');
    await rendered(BROWSER_LIMITS.copiedMs + RENDER_MS);
    expect(text('.foot [role=status]')).toBe('');
    button('Copy link to this page');
  });

  test('is not offered by a tab that has the key in a form that can’t be read', async () => {
    const view = new PillView(tab.document, '', () => Promise.resolve(null), {
      prefer: () => undefined,
      link: undefined,
      whyNot: () => undefined,
      storage: tab.localStorage,
      leave: () => undefined,
      showTogether: () => () => undefined,
      retry: () => undefined,
    });
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    await open();
    const details = find(root(), '.details');
    expect(details.textContent).toContain('the link that you were given');
    expect(details.textContent).not.toContain('Copy link');
  });

  test('is shown where the clipboard is forbidden', async () => {
    const shown: unknown[] = [];
    tab.prompt = (...args: unknown[]) => (shown.push(args), null);
    setGlobal('navigator', { clipboard: { writeText: () => Promise.reject(new Error('no')) } });
    setUp();
    await open();
    await click(button('Copy link to this page'));
    expect(shown).toEqual([['The link to this page:', 'https://s.example/#k=key']]);
  });
});

describe('the session', () => {
  const lines = (): string[] =>
    [...root().querySelectorAll('.what')].map(({ textContent }) => textContent ?? '');

  test('is told as far as the server has told it', async () => {
    const { view } = setUp();
    await open();
    expect(lines().join()).not.toMatch(/Shared by|Time left/);
    view.learn({ secondsLeft: 7 * 3600 + 125, sharedBy: 'Ada <b>' });
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    await rendered();
    expect(lines()).toEqual(
      expect.arrayContaining(['Shared by Ada <b>.', 'Time left: 7 h 2 min.']),
    );
  });

  test('has less and less time, and keeps what it has when a server tells nothing', async () => {
    const { view } = setUp();
    view.learn({ secondsLeft: 3600, sharedBy: '' });
    view.learn({ secondsLeft: 0, sharedBy: '' });
    await jest.advanceTimersByTimeAsync(20 * 60_000);
    view.draw({ status: DIRECT, isIngress: false, problem: null });
    await open();
    expect(lines().join()).toMatch(/Time left: (39|40) min\./);
    expect(lines().join()).not.toContain('Shared by');
  });

  test('lead to the page about diagnostics, in a tab of its own', async () => {
    setUp();
    await open();
    const link = find<HTMLAnchorElement>(root(), '.foot a');
    expect([link.textContent, link.getAttribute('href'), link.target]).toEqual([
      ...['Diagnostics', '/__wingman/diagnostics', '_blank'],
    ]);
  });

  test('is left by a button, and the pill goes for good', async () => {
    const { view } = setUp();
    await open();
    await click(button('Leave'));
    expect(leaves).toBe(1);
    view.remove();
    view.draw({ status: RELAYED, isIngress: false, problem: null });
    await rendered();
    expect(tab.document.querySelector('wingman-pill')).toBeNull();
  });

  test.each([
    [59_999, 'less than a minute'],
    [60_000, '1 min'],
    [3_600_000, '1 h 0 min'],
    [47.9 * 3_600_000, '47 h 54 min'],
    [14 * 86_400_000, '14 days'],
    [-1, 'less than a minute'],
  ])('whose time is %i ms says “%s”', (milliseconds, words) => {
    expect(formatLeft(milliseconds)).toBe(words);
  });
});
