import { afterEach, beforeEach, jest } from '@jest/globals';
import { NO_LINK, type CandidatePair, type LinkStatus } from '../../src/shared/status.js';
import { PillView } from '../../src/shell/status-pill.js';
import { closeTabs, find, openTab, type Tab } from './dom.js';

export const DIRECT: LinkStatus = {
  ...NO_LINK,
  mode: 'p2p',
  rttMs: 4.26,
  link: { id: 'abcdef0123', state: 'open' },
};
export const BY_TURN: LinkStatus = { ...DIRECT, mode: 'turn', rttMs: 31.2 };
export const RELAYED: LinkStatus = { ...DIRECT, mode: 'relay', rttMs: 41.6 };
export const PAIR: CandidatePair = {
  local: 'host 192.0.2.1:1 udp',
  remote: 'srflx 192.0.2.2:2 udp',
};
/** Longer than Preact waits with effects and renderings. */
export const RENDER_MS = 200;

export let tab: Tab;
export let retries: number;
export let leaves: number;

beforeEach(() => {
  jest.useFakeTimers();
  tab = openTab('https://s.example/');
  retries = leaves = 0;
});

afterEach(async () => {
  // What Preact has put off would keep the next test's effects from being run.
  await rendered();
  jest.useRealTimers();
  jest.restoreAllMocks();
  await closeTabs();
});

/** Has Preact do what it has put off. */
export async function rendered(milliseconds = RENDER_MS): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds);
}

export const WHY = 'No UDP gets out.';

export function setUp(status: LinkStatus = DIRECT, isIngress = false) {
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
    leave: () => (leaves += 1),
    showTogether: () => () => undefined,
    retry: () => (retries += 1),
  });
  view.draw({ status: status, isIngress: isIngress, problem: null });
  return { view, preferred, pairs };
}

export function root(): ShadowRoot {
  const { shadowRoot } = find(tab.document, 'wingman-pill');
  if (shadowRoot === null) throw new Error('the pill has no root of its own');
  return shadowRoot;
}

export const pill = (): HTMLButtonElement => find(root(), 'button.pill');
export const text = (selector: string): string => find(root(), selector).textContent ?? '';
export const place = (): string[] => [...find(root(), '.place').classList].slice(1, 3);
export const details = (): Element | null => root().querySelector('.details');

export async function click(element: HTMLElement): Promise<void> {
  element.click();
  await rendered();
}

export async function press(key: string): Promise<KeyboardEvent> {
  const { KeyboardEvent } = tab;
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  pill().dispatchEvent(event);
  await rendered();
  return event;
}

export async function open(): Promise<void> {
  await click(pill());
  if (details() === null) throw new Error('the details are not there');
}

export function button(label: string): HTMLButtonElement {
  const all = [...root().querySelectorAll('button')];
  const found = all.find(({ textContent }) => textContent === label);
  if (found === undefined) throw new Error(`there is no button ${label}`);
  return found;
}

/** Another tab of the same browser in place of this one: what was stored stays. */
export async function nextTab(): Promise<void> {
  await closeTabs();
  const { localStorage } = tab;
  tab = openTab('https://s.example/');
  Object.defineProperty(tab, 'localStorage', { value: localStorage });
}
