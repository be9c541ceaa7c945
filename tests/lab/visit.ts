import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, status, type Status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { expectedWay, type Cell, type Way } from './cell.js';
import type { NatNetwork } from './nat-network.js';
import type { Stage } from './stage.js';

/** What one cell has shown; times in milliseconds, null for what did not come about. */
export interface Reached {
  readonly way: Way;
  readonly appMs: number;
  readonly directMs: number | null;
  /** What each path carried while the app fetched 4 MiB. */
  readonly carried: Carried;
  /** Why attempts at a channel have failed before one has come about, or none has. */
  readonly failures: readonly string[];
  /** After the viewer's address has changed: the longest time without an answer, and until the channel carries again. */
  readonly move: { stallMs: number; directMs: number | null; switches: number } | null;
}

/** Bytes by path, both directions together. */
type Carried = Readonly<Record<keyof Status['bytes'], number>>;

const BULK_BYTES = 4 * 1024 * 1024;
/** A loaded machine makes a path late, and an attempt that failed for it is repeated meanwhile. */
const READY_MS = 20_000;
const MOVED_MS = 15_000;

/** Opens the app in a fresh browser and measures; `moves` changes the viewer's address too. */
export async function visit(
  cell: Cell,
  url: string,
  { network, stage }: { readonly network: NatNetwork; readonly stage: Stage },
  moves: boolean,
): Promise<Reached> {
  const before = stage.failures.length;
  const browser: Browser = await launch(cell.browser, [], { own: true });
  try {
    const page = await browser.newPage();
    const start = performance.now();
    await page.goto(url);
    await appShows(page, 'the lab’s app');
    const appMs = performance.now() - start;
    // Where theory knows no way, one attempt that has failed is enough.
    const isHopeless = (): boolean =>
      expectedWay(cell) === 'none' && stage.failures.length > before;
    const way = await foundWay(page, isHopeless);
    const directMs = way === 'none' ? null : performance.now() - start;
    const carried = await bulk(page);
    const move = moves && way === 'direct' ? await moved(page, network) : null;
    return { way, appMs, directMs, carried, move, failures: stage.failures.slice(before) };
  } finally {
    await browser.close();
  }
}

/** A channel that stands aside because the relay is as good has a way all the same. */
async function foundWay(page: Page, isHopeless: () => boolean): Promise<Way> {
  const isThere = async (): Promise<Status | 'none' | false> => {
    const now = await status(page);
    if (now.directConnected && now.candidatePair !== null) return now;
    return isHopeless() && 'none';
  };
  const found = await eventually('a data channel', isThere, READY_MS).catch(() => 'none' as const);
  if (found === 'none') return found;
  const { local = '', remote = '' } = found.candidatePair ?? {};
  if ([local, remote].some((end) => end.startsWith('relay'))) return 'turn';
  await eventually('the direct path', async () => (await status(page)).mode === 'p2p', READY_MS);
  return 'direct';
}

/** How often the bytes are fetched while the link leaves its path, as it must when the machine stands still. */
const MAX_FETCHES = 5;

/** Fetches bytes in the app, and tells what each path has carried while the link kept to one. */
async function bulk(page: Page): Promise<Carried> {
  for (let left = MAX_FETCHES; ; left -= 1) {
    const before = await status(page);
    await fetchBulk(page);
    const after = await status(page);
    if (after.switches === before.switches || left === 1) {
      return difference(carriedIn(before), carriedIn(after));
    }
  }
}

async function fetchBulk(page: Page): Promise<void> {
  const length = await inApp(
    page,
    async (n) => (await (await fetch(`/bytes?n=${n}`)).arrayBuffer()).byteLength,
    BULK_BYTES,
  );
  if (length !== BULK_BYTES) throw new Error(`${length} bytes came instead of ${BULK_BYTES}`);
}

function difference(before: Carried, after: Carried): Carried {
  return {
    p2p: after.p2p - before.p2p,
    turn: after.turn - before.turn,
    relay: after.relay - before.relay,
  };
}

function carriedIn({ bytes: { p2p, turn, relay } }: Status): Carried {
  return { p2p: p2p.in + p2p.out, turn: turn.in + turn.out, relay: relay.in + relay.out };
}

/** Small requests, one after another, while the viewer's address changes. */
async function moved(page: Page, network: NatNetwork): Promise<NonNullable<Reached['move']>> {
  const { switches } = await status(page);
  await inApp(page, () => {
    const world = window as unknown as { stallMs: number };
    world.stallMs = 0;
    const next = async (): Promise<void> => {
      const at = performance.now();
      await (await fetch('/bytes?n=1')).arrayBuffer();
      world.stallMs = Math.max(world.stallMs, performance.now() - at);
      setTimeout(() => void next(), 20);
    };
    void next();
  });
  await network.move('viewer', 1);
  const start = performance.now();
  const isBack = async (): Promise<boolean> => {
    const now = await status(page);
    return now.mode === 'p2p' && now.switches > switches;
  };
  const back = await eventually('the direct path again', isBack, MOVED_MS).catch(() => false);
  const directMs = back ? performance.now() - start : null;
  const stallMs = await inApp(page, () => (window as unknown as { stallMs: number }).stallMs);
  await network.move('viewer', 0);
  const after = await status(page);
  return { stallMs, directMs, switches: after.switches - switches };
}
