import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BrowserName } from '../support/browser.js';
import { largeHash, startLargeApp, type LargeApp, type Report } from '../support/large-app.js';
import { peakBytes, resetPeak, residentBytes, treeBytes } from '../support/memory.js';
import { PlainBrowser } from '../support/plain-browser.js';
import { eventually, Share, within } from '../support/processes.js';
import type { CliEvent } from '../support/share.js';

const MIB = 1024 * 1024;
/** `npm run test:large` asks for 1 GiB. */
const SIZE_MIB = Number(process.env['WINGMAN_LARGE_MIB'] ?? 64);
const SIZE = SIZE_MIB * MIB;
/** The slowest seen on two busy cores is 5 MiB/s, and for an upload a file is made first. */
const DEADLINE_MS = 30_000 + SIZE_MIB * 400;
/** What a body of any size may take on top: windows, and what a garbage collector leaves lying for a while. */
const HOST_MIB = 60;
/** The same for a browser, which on two busy cores has let 212 MiB lie: only a body several times larger shows it. */
const BROWSER_MIB = 384;
const SHOWS_IN_A_BROWSER = SIZE_MIB > 2 * BROWSER_MIB;
const LOOK_MS = 250;

describe.each<BrowserName>(['chromium', 'firefox'])(`${SIZE_MIB} MiB in %s`, (name) => {
  let app: LargeApp;
  let share: Share;
  let browser: PlainBrowser;
  beforeAll(async () => {
    app = await startLargeApp(SIZE);
    share = await Share.start(app.port);
    browser = new PlainBrowser(name, share.ready.url);
    await within(DEADLINE_MS, 'a report', app.next());
  }, DEADLINE_MS + 30_000);
  afterAll(async () => {
    await browser.close();
    await share.stop();
    await app.close();
  });

  test.each([
    ['download', String(SIZE)],
    ['upload', largeHash(SIZE)],
  ])(
    'the %s arrives whole, in memory that does not grow with it',
    async (what, value) => {
      expect(await inConstantMemory()).toEqual({ what, value });
      const told = (): CliEvent[] => share.events().filter(({ direction }) => direction === what);
      // What the host prints comes another way than what the page reports.
      await eventually('its end is told', () => told().some(({ state }) => state !== 'running'));
      expect(told().filter(({ state }) => state === 'running').length).toBeGreaterThan(0);
      expect(told().at(-1)).toMatchObject({ state: 'done', bytes: SIZE });
    },
    DEADLINE_MS + 30_000,
  );

  async function inConstantMemory(): Promise<Report> {
    const before = residentBytes(share.pid);
    const growth = SHOWS_IN_A_BROWSER ? watchGrowth(browser.pid) : undefined;
    resetPeak(share.pid);
    const report = await within(DEADLINE_MS, 'a report', app.next()).finally(growth?.stop);
    expect(Math.round((peakBytes(share.pid) - before) / MIB)).toBeLessThan(HOST_MIB);
    if (growth) expect(growth.mebibytes()).toBeLessThan(BROWSER_MIB);
    return report;
  }
});

/** Looks at the memory of a browser until it is stopped. A look costs about 50 ms of a core. */
function watchGrowth(pid: number): { mebibytes: () => number; stop: () => void } {
  const before = treeBytes(pid);
  let peak = before;
  const look = setInterval(() => (peak = Math.max(peak, treeBytes(pid))), LOOK_MS);
  return {
    mebibytes: () => Math.round((peak - before) / MIB),
    stop: () => clearInterval(look),
  };
}
