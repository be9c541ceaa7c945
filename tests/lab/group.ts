import { createHash } from 'node:crypto';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { bytesOf } from './bytes.mjs';

/** What a group of viewers of one host has shown; times in milliseconds. */
export interface GroupReport {
  readonly viewers: number;
  readonly direct: number;
  /** One viewer's alone, and the median of all, who came at once. */
  readonly aloneMs: number;
  readonly medianMs: number;
  /** Until each of the others had its bytes, the fastest and the slowest: before, and while one viewer stood still. */
  readonly shares: Spread;
  readonly sharesBesideStopped: Spread;
  /** What others got in place of their bytes, and others whose path has changed meanwhile. */
  readonly lost: readonly string[];
  readonly changed: number;
}

export type Spread = readonly [fastest: number, slowest: number];

const BYTES = 256 * 1024;
/** As long as thirty browsers' worth of work takes two cores. */
const DIRECT_MS = 120_000;
const OWN = { own: true };

interface Viewer {
  readonly page: Page;
  readonly appMs: number;
}

/** Opens the app in so many tabs, each with cookies of its own, has them all fetch, and stops one of them. */
export async function visitAsGroup(url: string, count: number): Promise<GroupReport> {
  const [crowd, apart] = [await launch('chromium', [], OWN), await launch('chromium', [], OWN)];
  try {
    const alone = await come(crowd, url);
    await alone.page.close();
    // The one that is to stop has a browser, and so processes, of its own.
    const all = await Promise.all([
      come(apart, url),
      ...Array.from({ length: count - 1 }, () => come(crowd, url)),
    ]);
    const isDirect = ({ page }: Viewer): Promise<boolean> =>
      eventually(
        'the direct path',
        async () => (await status(page)).mode === 'p2p',
        DIRECT_MS,
      ).catch(() => false);
    const direct = (await Promise.all(all.map(isDirect))).filter(Boolean).length;
    const [stopped, ...others] = all;
    if (stopped === undefined) throw new Error('nobody came');
    const before = await switchesOf(others);
    const first = await Promise.all(others.map((viewer) => fetchIn(viewer, 'before')));
    void inApp(stopped.page, (n) => void fetch(`/bytes?n=${n}`), 64 * BYTES).catch(() => undefined);
    const group = -(apart.process()?.pid ?? 0);
    process.kill(group, 'SIGSTOP');
    const second = await Promise.all(others.map((viewer) => fetchIn(viewer, 'beside')));
    process.kill(group, 'SIGCONT');
    const after = await switchesOf(others);
    return {
      ...{ viewers: count, direct, aloneMs: alone.appMs },
      medianMs: median(all.map(({ appMs }) => appMs)),
      ...{ shares: spread(first), sharesBesideStopped: spread(second) },
      lost: [...first, ...second].filter((got) => typeof got === 'string'),
      changed: after.filter((switches, n) => switches !== before[n]).length,
    };
  } finally {
    await Promise.all([crowd.close(), apart.close()]);
  }
}

async function come(browser: Browser, url: string): Promise<Viewer> {
  const page = await (await browser.createBrowserContext()).newPage();
  const start = performance.now();
  await page.goto(url, { timeout: 120_000 });
  await appShows(page, 'the lab’s app', DIRECT_MS);
  return { page, appMs: performance.now() - start };
}

/** How long it took, in milliseconds, or what came in place of the bytes. */
async function fetchIn({ page }: Viewer, seed: string): Promise<number | string> {
  const { hash, ms, said } = await inApp(
    page,
    async (n, seed) => {
      const start = performance.now();
      const answer = await fetch(`/bytes?n=${n}&seed=${seed}`);
      const bytes = await answer.arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      const said = `${answer.status}, ${bytes.byteLength} bytes`;
      return { hash: hex, ms: performance.now() - start, said };
    },
    BYTES,
    seed,
  );
  return hash === createHash('sha256').update(bytesOf(seed, BYTES)).digest('hex') ? ms : said;
}

function switchesOf(viewers: readonly Viewer[]): Promise<number[]> {
  return Promise.all(viewers.map(async ({ page }) => (await status(page)).switches));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function spread(values: readonly (number | string)[]): Spread {
  const known = values.filter((value) => typeof value === 'number');
  return [Math.min(...known), Math.max(...known)];
}
