import { h, render } from 'preact';
import { BROWSER_LIMITS } from '../../src/shared/limits.js';
import { NO_LINK, type LinkStatus } from '../../src/shared/status.js';
import { drawCover, newJourney, type Journey } from '../../src/shell/cover.js';
import { PillView } from '../../src/shell/status-pill.js';
import { Controls, Overlay } from '../../src/together/controls.js';
import type { Together } from '../../src/together/together.js';
import type { ProblemCode } from '@wingman/protocol';

const PAIR = { local: 'host 192.0.2.1:50123 udp', remote: 'srflx 198.51.100.2:40100 udp' };
const LINK: LinkStatus = {
  ...NO_LINK,
  ...{ mode: 'p2p', rttMs: 4.3, link: { id: 'abcdef0123', state: 'open' } },
  bytes: { p2p: { in: 2.1e6, out: 9e4 }, turn: { in: 0, out: 0 }, relay: { in: 3e5, out: 8e3 } },
  rtt: { p2p: 4.3, turn: null, relay: 21 },
  ...{ relayConnected: true, directConnected: true },
};

/** What the pill can be told. */
interface PillScene {
  readonly status: LinkStatus;
  readonly isIngress?: boolean;
  readonly problem?: ProblemCode;
}

const PILLS: Readonly<Record<string, PillScene>> = {
  direct: { status: LINK },
  turn: { status: { ...LINK, mode: 'turn', rttMs: 31 } },
  relayed: { status: { ...LINK, mode: 'relay', rttMs: 21, directConnected: false } },
  offline: { status: { ...NO_LINK, unanswered: 2 }, problem: 'HOST_OFFLINE' },
  lost: { status: { ...NO_LINK, hasLost: true }, problem: 'SERVER_UNREACHABLE' },
  ingress: { status: NO_LINK, isIngress: true },
};

const COVERS: Readonly<Record<string, Partial<Journey>>> = {
  'waiting-for-the-machine': { isLate: true, done: new Set(['browser']) },
  'waiting-for-the-app': { isLate: true, done: new Set(['browser', 'host']) },
  'file-coming': { file: 'coming' },
  'file-saved': { file: 'saved' },
  left: { hasLeft: true },
};

const here = (viewers: number, followers: number, isLed: boolean): Together['here'] => ({
  event: 'here',
  ...{ viewers, followers, isLed },
});
type TogetherScene = Partial<Pick<Together, 'here' | 'part' | 'pointer' | 'refusal'>>;

const TOGETHER: Readonly<Record<string, TogetherScene>> = {
  alone: { part: 'watch', here: here(1, 0, false) },
  offered: { part: 'watch', here: here(3, 1, true) },
  taken: { part: 'watch', here: here(2, 0, true), refusal: 409 },
  leading: { part: 'lead', here: here(3, 2, true) },
  following: { part: 'follow', here: here(2, 1, true), pointer: { x: 120, y: 160 } },
};

/** The style sheets that the bundler puts in as text. */
export interface GallerySheets {
  readonly pill: string;
  readonly together: string;
}

/** The names of all that can be shown, but for problems, whose names are their codes. */
export const SCENES: readonly string[] = [
  ...Object.keys(COVERS),
  ...Object.keys(PILLS).flatMap((kind) => [`pill-${kind}`, `details-${kind}`]),
  ...Object.keys(TOGETHER).map((name) => `together-${name}`),
];

/** Returns what shows a scene of the reviewer's page in this document, by the code that draws it there, and takes the last one out. */
export function openGallery(sheets: GallerySheets): (name: string) => Promise<void> {
  // Nobody is to wait for the bar.
  Object.assign(BROWSER_LIMITS, { offlineBarMs: 0 });
  const cover = element('div', 'wingman-cover');
  let clear = (): void => undefined;
  return async (name) => {
    clear();
    drawCover(cover, { ...newJourney(), done: new Set(['app']) }, nothing);
    const [group = '', ...rest] = name.split('-');
    const scene = rest.join('-');
    if (group === 'pill') clear = await showPill(sheets, scene, false);
    else if (group === 'details') clear = await showPill(sheets, scene, true);
    else if (group === 'together') clear = await showTogether(sheets, TOGETHER[scene] ?? {});
    else drawCover(cover, { ...newJourney(), ...(COVERS[name] ?? problem(name)) }, nothing);
  };
}

const nothing = (): void => undefined;

function problem(code: string): Partial<Journey> {
  return { problem: code as ProblemCode };
}

async function showPill(
  sheets: GallerySheets,
  scene: string,
  isOpen: boolean,
  showTogether: (slot: Element) => () => void = () => nothing,
) {
  const { status, isIngress = false, problem = null } = PILLS[scene] ?? { status: NO_LINK };
  const pair = status.mode === 'p2p' || status.mode === 'turn' ? PAIR : null;
  const view = new PillView(document, sheets.pill, () => Promise.resolve(pair), {
    ...{ prefer: nothing, leave: nothing, retry: nothing, storage: undefined },
    link: scene === 'ingress' ? undefined : () => 'https://s.example/#k=key',
    whyNot: () => 'No UDP gets out of this network.',
    showTogether,
  });
  view.draw({ status, isIngress, problem });
  view.learn({ secondsLeft: 5_430, sharedBy: 'Ada, the checkout team' });
  const root = document.querySelector('wingman-pill')?.shadowRoot;
  if (isOpen) root?.querySelector<HTMLElement>('.pill')?.click();
  const has = (text: string): boolean => root?.textContent?.includes(text) ?? false;
  if (isOpen) await until(() => has('Diagnostics') && (pair === null || has(pair.local)));
  if (status.mode === 'offline' && !isIngress) await until(() => has('Offline since'));
  return () => view.remove();
}

async function showTogether(sheets: GallerySheets, scene: TogetherScene) {
  const together = { ...scene, stop: nothing, take: nothing } as unknown as Together;
  const host = element('wingman-together');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(sheets.together);
  root.adoptedStyleSheets = [sheet];
  render(h(Overlay, { together }), root);
  const isActive = scene.part === 'lead' || scene.part === 'follow';
  // Who leads or follows has mostly closed the details.
  const leave = isActive
    ? await showPill(sheets, 'direct', false)
    : await showPill(sheets, 'direct', true, (slot) => {
        render(h(Controls, { together }), slot);
        return nothing;
      });
  return () => {
    leave();
    host.remove();
  };
}

/** Resolves when what was drawn is there: Preact draws changes with the next frame. */
async function until(isThere: () => boolean): Promise<void> {
  while (!isThere()) await new Promise((resolve) => requestAnimationFrame(resolve));
}

function element(name: string, id = ''): HTMLElement {
  const made = document.createElement(name);
  made.id = id;
  document.body.append(made);
  return made;
}
