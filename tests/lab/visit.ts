import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, launch, status, type Status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { APPS } from './apps.js';
import { sinceFirstPeer, watchPeers } from './attempt-watch.js';
import { bulk, type Carried } from './bulk.js';
import { expectedWay, type Cell, type Way } from './cell.js';
import { changed, type Changed } from './change.js';
import { PUBLIC_PORT, SERVER_ADDRESS_6, SERVER_PORT, type NatNetwork } from './nat-network.js';
import type { Stage } from './stage.js';
import { has } from './surroundings.js';
import { loadVite, type Load } from './vite-load.js';

/** What one cell has shown; times in milliseconds, null for what did not come about. */
export interface Reached {
  readonly way: Way;
  readonly appMs: number;
  readonly directMs: number | null;
  /** From the tab's first peer connection to a direct path in use. */
  readonly setupMs: number | null;
  /** What each path carried while the app fetched 4 MiB, whose hash was right, or while Vite's example was loaded. */
  readonly carried: Carried;
  /** Why attempts at a channel have failed before one has come about, or none has. */
  readonly failures: readonly string[];
  /** Where the app is Vite's. */
  readonly load: Load | null;
  readonly change: Changed | null;
}

/** Heartbeats of a path that stands by, while the app loads on another. */
const STANDBY_BYTES = 2_048;

/** What is not as it has to be; empty when all is well. */
export function faultsOf(cell: Cell, { change, load, way }: Reached): readonly string[] {
  const expected = expectedWay(cell);
  const faults = [...(change?.faults ?? [])];
  if (way !== expected) faults.push(`reached ${way} in place of ${expected}`);
  if (load === null || way !== 'direct') return faults;
  if (!load.isSteady) faults.push('the path has changed while the app loaded');
  if (load.carried.relay > STANDBY_BYTES) faults.push('a part of the app came by the relay');
  return faults;
}

/** A loaded machine makes a path late, and an attempt that failed for it is repeated meanwhile. */
const READY_MS = 20_000;

/** Opens the app in a fresh browser and measures. */
export async function visit(
  cell: Cell,
  url: string,
  { network, stage }: { readonly network: NatNetwork; readonly stage: Stage },
): Promise<Reached> {
  const before = stage.failures.length;
  const leave = await wayIn(cell, network);
  const browser = await startBrowser(cell, stage);
  try {
    const page = await browser.newPage();
    await watchPeers(page);
    const start = performance.now();
    const { first, shows } = APPS[cell.app];
    await page.goto(new URL(first + new URL(url).hash, url).href);
    await appShows(page, shows);
    const appMs = performance.now() - start;
    // Where theory knows no way, one attempt that has failed is enough.
    const isHopeless = (): boolean =>
      expectedWay(cell) === 'none' && stage.failures.length > before;
    const way = await foundWay(page, isHopeless);
    const directMs = way === 'none' ? null : performance.now() - start;
    const setupMs = way === 'direct' ? await sinceFirstPeer(page) : null;
    const load = cell.app === 'vite' ? await loadVite(page) : null;
    const carried = load?.carried ?? (await bulk(page));
    const changing = { network, stage, browser };
    const change = way === 'direct' ? await changed(page, cell, changing) : null;
    const failures = stage.failures.slice(before);
    return { way, appMs, directMs, setupMs, carried, load, change, failures };
  } finally {
    await browser.close();
    await leave();
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

/** How the browser of these surroundings finds the server by the loopback's port. */
async function startBrowser(cell: Cell, stage: Stage): Promise<Browser> {
  // The TURN server's certificate is signed by nobody.
  const trusting = cell.turn === 'tls' && cell.browser === 'chromium';
  const trust = trusting ? ['--ignore-certificate-errors'] : [];
  if (cell.viewer !== 'proxy') {
    return launch(cell.browser, trust, { own: true, prefs: reachedBy(cell) });
  }
  const proxy = await stage.startProxy('viewer');
  if (cell.browser === 'chromium') {
    const args = [`--proxy-server=${proxy}`, '--proxy-bypass-list=<-loopback>'];
    return launch('chromium', [...args, ...trust], { own: true });
  }
  const { hostname, port } = new URL(proxy);
  const where = { http: hostname, http_port: Number(port), ssl: hostname, ssl_port: Number(port) };
  const prefs = { type: 1, ...where, allow_hijacking_localhost: true, no_proxies_on: '' };
  const named = Object.entries(prefs).map(([name, value]) => [`network.proxy.${name}`, value]);
  return launch('firefox', [], {
    own: true,
    prefs: Object.fromEntries(named) as Record<string, unknown>,
  });
}

/** Firefox offers an address of no other family than the page came by (RFC 8828 section 5.2, mode 2). */
function reachedBy({ viewer }: Cell): Readonly<Record<string, unknown>> {
  return has(viewer, 4) ? {} : { 'network.dns.forceResolve': SERVER_ADDRESS_6 };
}

/** Where only IPv6 gets out, the packet filter can't lead the loopback's port to the server: a socket does. */
async function wayIn({ viewer }: Cell, network: NatNetwork): Promise<() => Promise<void>> {
  if (has(viewer, 4)) return async () => undefined;
  await network.leadLoopback(false);
  const forwarder = createServer((near) => {
    const far = connect(PUBLIC_PORT, SERVER_ADDRESS_6);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await once(forwarder.listen(SERVER_PORT, '127.0.0.1'), 'listening');
  return async () => {
    forwarder.close();
    await network.leadLoopback(true);
  };
}
