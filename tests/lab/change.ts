import type { Browser, Page } from 'puppeteer-core';
import { setTimeout } from 'node:timers/promises';
import { inApp, status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import type { Cell, ChangeKind } from './cell.js';
import type { NatNetwork } from './nat-network.js';
import type { Stage } from './stage.js';

/** What a change has cost; times in milliseconds. */
export interface Changed {
  /** The longest time without an answer; after a sleep, from waking on. */
  readonly stallMs: number;
  /** Until the channel carries again; null when it has not. */
  readonly directMs: number | null;
  /** How often the path has changed until then. */
  readonly switches: number;
}

/** What a change is made to. */
export interface Changing {
  readonly network: NatNetwork;
  readonly stage: Stage;
  readonly browser: Browser;
}

const AGAIN_MS = 30_000;
/** Longer than any heartbeat waits, and shorter than a link without a carrier lives. */
const SLEEP_MS = 20_000;

type Change = (changing: Changing) => Promise<void>;

const CHANGES: Readonly<Record<Exclude<ChangeKind, 'none'>, Change>> = {
  viewer: ({ network }) => network.move('viewer', 1),
  host: ({ network }) => network.move('host', 1),
  vpn: ({ network }) => network.switchVpnOn('viewer'),
  home: ({ network }) => network.comeHome(),
  sleep: async ({ browser }) => {
    // The browser leads a group of all its processes.
    const group = -(browser.process()?.pid ?? 0);
    process.kill(group, 'SIGSTOP');
    await setTimeout(SLEEP_MS);
    process.kill(group, 'SIGCONT');
  },
  'host-sleep': ({ stage }) => stage.sleep(SLEEP_MS),
};

/** Small requests, one after another, while something changes; the network is then as it was before. */
export async function changed(page: Page, cell: Cell, changing: Changing): Promise<Changed | null> {
  const { change } = cell;
  if (change === 'none') return null;
  const isSleep = change.endsWith('sleep');
  const before = await status(page);
  if (!isSleep) await askOften(page);
  await CHANGES[change](changing);
  const start = performance.now();
  if (isSleep) await askOften(page);
  const isBack = async (): Promise<boolean> => {
    const { mode, switches } = await status(page);
    const isAnswered = !isSleep || (await answers(page)) > 0;
    return mode === 'p2p' && isAnswered && (isSleep || switches > before.switches);
  };
  const back = await eventually('the direct path again', isBack, AGAIN_MS).catch(() => false);
  const directMs = back ? performance.now() - start : null;
  const stallMs = await inApp(page, () => (window as unknown as Asking).stallMs);
  const { switches } = await status(page);
  await changing.network.surround('viewer', cell.viewer);
  await changing.network.surround('host', cell.host);
  return { stallMs, directMs, switches: switches - before.switches };
}

/** What the app's window counts. */
interface Asking {
  stallMs: number;
  answers: number;
}

function askOften(page: Page): Promise<void> {
  return inApp(page, () => {
    const world = window as unknown as Asking;
    Object.assign(world, { stallMs: 0, answers: 0 });
    const next = async (): Promise<void> => {
      const at = performance.now();
      await (await fetch('/bytes?n=1')).arrayBuffer();
      world.stallMs = Math.max(world.stallMs, performance.now() - at);
      world.answers += 1;
      window.setTimeout(() => void next(), 20);
    };
    void next();
  });
}

function answers(page: Page): Promise<number> {
  return inApp(page, () => (window as unknown as Asking).answers);
}
