import { expect } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { prefer, status, statusWhere, type BrowserName, type Status } from './browser.js';
import { Share } from './processes.js';

/** The ways of a tab with a tunnel, each with the options of a share whose viewers take no other. */
const PATHS = { p2p: [], relay: ['--no-p2p'] } as const;

export type PathName = keyof typeof PATHS;

export const PATH_NAMES: readonly PathName[] = ['p2p', 'relay'];

/** Every browser on every path. */
export const WAYS: readonly (readonly [BrowserName, PathName])[] = [
  ['chromium', 'p2p'],
  ['chromium', 'relay'],
  ['firefox', 'p2p'],
  ['firefox', 'relay'],
];

/**
 * For what is done above the link: each browser and each path, and not each pair, which the tests of sockets and of the
 * paths have, and the battery.
 */
export const WAYS_ABOVE_THE_LINK: typeof WAYS = [
  ['chromium', 'relay'],
  ['firefox', 'p2p'],
];

/** The paths by which what is done above the link is tried in a browser. */
export function pathsOf(browser: BrowserName): readonly PathName[] {
  return WAYS_ABOVE_THE_LINK.filter(([name]) => name === browser).map(([, path]) => path);
}

/** One app, shared once for each path. */
export class PathShares {
  private constructor(private readonly shares: Readonly<Record<PathName, Share>>) {}

  static async start(port: number, args: readonly string[] = []): Promise<PathShares> {
    const [p2p, relay] = await Promise.all([
      Share.start(port, [...PATHS.p2p, ...args]),
      Share.start(port, [...PATHS.relay, ...args]),
    ]);
    return new PathShares({ p2p, relay });
  }

  on(path: PathName): Share {
    return this.shares[path];
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.shares).map((share) => share.stop()));
  }
}

/**
 * Waits until a page is on the path that its share allows. The direct one is asked for: a link that stood still
 * with a busy machine, and left it, is then back as soon as it answers.
 */
export async function onPath(page: Page, path: PathName): Promise<Status> {
  if (path === 'p2p') await prefer(page, path);
  return statusWhere(page, path, ({ mode, rttMs }) => mode === path && rttMs !== null);
}

/**
 * Holds what a page has sent since `before` against its path, which must have taken the most of it: what
 * measures the other one is a little at any time. The host changes over by itself, a moment later, so that
 * what it sends tells nothing of the page's own choice; on the relay alone it has none. A link that has left
 * its path meanwhile, as it must when the machine stands still, has to be back, and to have used it.
 */
export async function expectPath(page: Page, before: Status, path: PathName): Promise<void> {
  const { switches } = await status(page);
  const { bytes, candidatePair } =
    switches === before.switches ? await status(page) : await onPath(page, path);
  const sent = (by: PathName): number => bytes[by].out - before.bytes[by].out;
  const other = path === 'p2p' ? 'relay' : 'p2p';
  expect(sent(path)).toBeGreaterThan(switches === before.switches ? sent(other) : 0);
  expect(bytes[path].in).toBeGreaterThan(before.bytes[path].in);
  if (path === 'p2p') return expect(candidatePair).not.toBeNull();
  expect(bytes.p2p).toEqual({ in: 0, out: 0 });
  expect(candidatePair).toBeNull();
}
