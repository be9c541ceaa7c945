import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { NO_LINK, type CandidatePair, type LinkStatus } from '../../src/shared/status.js';
import { PillView } from '../../src/shell/status-pill.js';
import { closeTabs, find, openTab, setGlobal, type Tab } from '../support/dom.js';

const DIRECT: LinkStatus = {
  ...NO_LINK,
  mode: 'p2p',
  rttMs: 4.26,
  link: { id: 'abcdef0123', state: 'open' },
};
const BY_TURN: LinkStatus = { ...DIRECT, mode: 'turn', rttMs: 31.2 };
const RELAYED: LinkStatus = { ...DIRECT, mode: 'relay', rttMs: 41.6 };
const PAIR: CandidatePair = { local: 'host 192.0.2.1:1 udp', remote: 'srflx 192.0.2.2:2 udp' };
/** Longer than Preact waits with effects and renderings. */
const RENDER_MS = 200;

let tab: Tab;
let retries: number;

beforeEach(() => {
  jest.useFakeTimers();
  tab = openTab('https://s.example/');
  retries = 0;
});

afterEach(async () => {
  // What Preact has put off would keep the next test's effects from being run.
  await rendered();
  jest.useRealTimers();
  jest.restoreAllMocks();
  await closeTabs();
});

/** Has Preact do what it has put off. */
async function rendered(milliseconds = RENDER_MS): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
}

const WHY = 'No UDP gets out.';

function setUp(status: LinkStatus = DIRECT, isIngress = false) {
  const preferred: string[] = [];
  const pairs = { asked: 0, now: null as CandidatePair | null };
  const candidatePair = (): Promise<CandidatePair | null> => {
    pairs.asked += 1;
    return Promise.resolve(pairs.now);
  };
  const view = new PillView(tab.document, '.pill{color:red}', candidatePair, {
    prefer: (preference) => preferred.push(preference),
    link: () => 'https://s.example/#k=key',
    whyNot: () => WHY,
    storage: tab.localStorage,
    retry: () => (retries += 1),
  });
  view.draw({ status: status, isIngress: isIngress, problem: null });
  return { view, preferred, pairs };
}

function root(): ShadowRoot {
  const { shadowRoot } = find(tab.document, 'wingman-pill');
  if (shadowRoot === null) throw new Error('the pill has no root of its own');
  return shadowRoot;
}

const pill = (): HTMLButtonElement => find(root(), 'button.pill');
const text = (selector: string): string => find(root(), selector).textContent ?? '';
const place = (): string[] => [...find(root(), '.place').classList].slice(1, 3);
const details = (): Element | null => root().querySelector('.details');

async function click(element: HTMLElement): Promise<void> {
  element.click();
  await rendered();
}

async function press(key: string): Promise<KeyboardEvent> {
  const { KeyboardEvent } = tab;
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  pill().dispatchEvent(event);
  await rendered();
  return event;
}

async function open(): Promise<void> {
  await click(pill());
  if (details() === null) throw new Error('the details are not there');
}

function button(label: string): HTMLButtonElement {
  const all = [...root().querySelectorAll('button')];
  const found = all.find(({ textContent }) => textContent === label);
  if (found === undefined) throw new Error(`there is no button ${label}`);
  return found;
}

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
    await closeTabs();
    const { localStorage } = tab;
    tab = openTab('https://s.example/');
    Object.defineProperty(tab, 'localStorage', { value: localStorage });
    setUp();
    expect(isSmall()).toBe(true);
    await open();
    expect(isSmall()).toBe(false);
  });
});

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
