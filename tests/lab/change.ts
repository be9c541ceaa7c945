import type { Browser, Page } from 'puppeteer-core';
import { setTimeout } from 'node:timers/promises';
import { status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { beginWatch, endWatch } from './attempt-watch.js';
import { bulk, type Carried } from './bulk.js';
import type { Cell, ChangeKind } from './cell.js';
import type { NatNetwork } from './nat-network.js';
import type { Stage } from './stage.js';
import { answers, endTraffic, forgetStalls, startTraffic, type Seen } from './traffic.js';

/** What a change has cost; times in milliseconds. */
export interface Changed extends Omit<Seen, 'answers'> {
  /** From the first sign, which is a direct path that could carry no more, to a fresh peer connection; null without one. */
  readonly attemptMs: number | null;
  /** Until the channel carries again; null when it has not. */
  readonly directMs: number | null;
  /** How often the path has changed until then. */
  readonly switches: number;
  /** What each path carried while the app fetched bytes afterwards; null when the channel does not carry again. */
  readonly carried: Carried | null;
}

/** What a change is made to. */
export interface Changing {
  readonly network: NatNetwork;
  readonly stage: Stage;
  readonly browser: Browser;
}

const AGAIN_MS = 30_000;
/** A path that is lost within three seconds gets no successor before they are over: this is of one that has lasted. */
const LASTED_MS = 4_000;
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

/** Traffic in the app while something changes; the network is then as it was before. */
export async function changed(page: Page, cell: Cell, changing: Changing): Promise<Changed | null> {
  const { change } = cell;
  if (change === 'none') return null;
  const isSleep = change.endsWith('sleep');
  const before = await status(page);
  await startTraffic(page);
  await setTimeout(LASTED_MS);
  await beginWatch(page);
  await CHANGES[change](changing);
  const start = performance.now();
  if (isSleep) await forgetStalls(page);
  const isBack = async (): Promise<boolean> => {
    const { mode, switches } = await status(page);
    const isAnswered = !isSleep || (await answers(page)) > 0;
    return mode === 'p2p' && isAnswered && (isSleep || switches > before.switches);
  };
  const back = await eventually('the direct path again', isBack, AGAIN_MS).catch(() => false);
  const directMs = back ? performance.now() - start : null;
  const { switches } = await status(page);
  const attemptMs = await endWatch(page);
  const { checkedBytes, faults, stallMs } = await endTraffic(page);
  const carried = back ? await bulk(page) : null;
  await changing.network.surround('viewer', cell.viewer);
  await changing.network.surround('host', cell.host);
  const paths = { directMs, attemptMs, switches: switches - before.switches, carried };
  return { ...paths, stallMs, checkedBytes, faults };
}
