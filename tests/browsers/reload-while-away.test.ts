import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  statusWhere,
  type BrowserName,
  type Status,
} from '../support/browser.js';
import { startFixtureApp, type FixtureApp } from '../support/fixture-app.js';
import { eventually, Share, startServer, within, type Program } from '../support/processes.js';

// A request waits 20 s for its link: all tabs of both browsers do so at the same time.
const BROWSERS: BrowserName[] = ['chromium', 'firefox'];
/** Not over before the test is, whatever the machine's load. */
const ENV = { LINK_GRACE: '5m', HOST_GRACE: '5m' };
/** For what takes 20 s in the product. */
const LONG_MS = 50_000;
/** A test has two such waits at most, one after the other. */
jest.setTimeout(2 * LONG_MS + 20_000);

/** When a page reloads itself, each with a host of its own. */
const KINDS = [
  /** As soon as the host stands still, before anybody can have noticed. */
  'early',
  /** When nothing carries the link any more, and the host stands still for longer than a request waits. */
  'late',
  /** When nothing carries the link any more, because the host was killed. */
  'orphaned',
] as const;

interface Tab {
  page: Page;
  /** What its app's address ends with, by which the app's server tells it from others. */
  name: string;
  /** Its link before anything happens. */
  link: string;
}

let app: FixtureApp;
let server: { program: Program; url: string };
let browsers: Browser[];
const hosts = {} as Record<(typeof KINDS)[number], Share>;
const tabs = {} as Record<(typeof KINDS)[number], Tab[]>;
const configHome = mkdtempSync(join(tmpdir(), 'wingman-reload-'));

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer([], ENV);
  browsers = await Promise.all(BROWSERS.map((name) => launch(name)));
  for (const kind of KINDS) {
    hosts[kind] = await start(kind);
    tabs[kind] = await Promise.all(
      browsers.map((browser, at) => open(browser, hosts[kind], `${kind}-${BROWSERS[at] ?? ''}`)),
    );
  }
}, 120_000);

afterAll(async () => {
  await Promise.all(browsers.map((browser) => release(browser)));
  for (const host of Object.values(hosts)) host.signal('SIGCONT');
  await Promise.all(Object.values(hosts).map((host) => host.stop()));
  await server.program.stop();
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

function start(name: string): Promise<Share> {
  const env = { ...ENV, XDG_CONFIG_HOME: configHome };
  return Share.start(app.port, ['--server', server.url, '--name', `reload-${name}`], env);
}

async function open(browser: Browser, share: Share, name: string): Promise<Tab> {
  const page = await browser.newPage();
  const url = new URL(share.ready.url);
  url.search = name;
  await page.goto(url.href);
  await appShows(page, 'plain app page');
  const { link } = await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  // A reload of the shell would lose this.
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));
  return { page, name, link: link.id };
}

/** Does the same in tabs, each with a deadline of its own. */
function each<T>(what: string, among: Tab[], run: (tab: Tab) => Promise<T>): Promise<T[]> {
  return Promise.all(among.map((tab) => within(LONG_MS, `${tab.name} ${what}`, run(tab))));
}

/** As an app does it; not awaited by anybody within the page, which is gone by it. */
const reload = (among: Tab[]): Promise<unknown> =>
  each('reloads', among, ({ page }) =>
    inApp(page, () => {
      document.body.textContent = 'about to be reloaded';
      setTimeout(() => location.reload());
    }),
  );

const areOffline = (among: Tab[]): Promise<unknown> =>
  each('is offline', among, ({ page }) =>
    statusWhere(page, 'nothing carries the link', ({ mode }) => mode === 'offline'),
  );

const areTheApp = (among: Tab[]): Promise<unknown> =>
  each('is the app', among, async ({ page }) => {
    await appShows(page, 'plain app page');
    const echo = inApp(page, async () =>
      (await fetch('/echo', { method: 'POST', body: 'still here' })).text(),
    );
    expect(await echo).toBe('still here');
    // No page of the shell's own lies over it.
    expect(await page.evaluate(() => document.body.innerText)).not.toContain('What to do');
    expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
  });

/** The page of ours that is in place of the app's. */
const problemOf = ({ page }: Tab): Promise<string> =>
  eventually(
    'a page says what is wrong',
    async () => {
      const text = await inApp(page, () => document.body.innerText);
      if (!text.includes('This page comes from Wingman')) throw new Error(text);
      return text;
    },
    LONG_MS - 5_000,
  );

/** Once it is carried: what brought the app may have been a connection of before, which ends soon after. */
async function linkOf({ page }: Tab): Promise<Status['link']> {
  const carried = await statusWhere(page, 'the link', ({ mode }) => mode !== 'offline');
  return carried.link;
}

const loadsOf = ({ name }: Tab): string[] =>
  app.requests.filter((line) => line === `GET /?${name}`);

test('pages that reload themselves while the host is away wait', async () => {
  app.requests.length = 0;
  hosts.early.signal('SIGSTOP');
  await reload(tabs.early);
  hosts.late.signal('SIGSTOP');
  hosts.orphaned.signal('SIGKILL');
  await hosts.orphaned.exited;
  const all = [...tabs.early, ...tabs.late, ...tabs.orphaned];
  await areOffline(all);
  await reload([...tabs.late, ...tabs.orphaned]);
  const shown = await each('waits', all, ({ page }) => inApp(page, () => document.body.innerText));
  expect(new Set(shown)).toEqual(new Set(['about to be reloaded']));
});

test('those whose host goes on soon are the app again, asked for once, on the link that they had', async () => {
  hosts.early.signal('SIGCONT');
  await areTheApp(tabs.early);
  for (const tab of tabs.early) {
    expect(loadsOf(tab)).toHaveLength(1);
    expect(await linkOf(tab)).toEqual({ id: tab.link, state: 'open' });
  }
});

test('those that wait too long say what is wrong and what helps', async () => {
  const [still, gone] = await Promise.all([
    each('says so', tabs.late, problemOf),
    each('says so', tabs.orphaned, problemOf),
  ]);
  // A host that stands still keeps its connections for a while: nobody knows yet that it is away.
  for (const text of still) {
    expect(text).toMatch(/(can’t be reached|taking too long)[^]*by itself as soon as/);
  }
  for (const text of gone) {
    expect(text).toMatch(/machine can’t be reached[^]*Ask the developer[^]*by itself as soon as/);
  }
  for (const tab of [...tabs.late, ...tabs.orphaned]) expect(loadsOf(tab)).toEqual([]);
});

test('and are the app by themselves when the same host goes on, on the link that they had', async () => {
  hosts.late.signal('SIGCONT');
  await areTheApp(tabs.late);
  for (const tab of tabs.late) {
    expect(loadsOf(tab)).toHaveLength(1);
    expect(await linkOf(tab)).toEqual({ id: tab.link, state: 'open' });
  }
});

test('or when it is started again, on a fresh link', async () => {
  hosts.orphaned = await start('orphaned');
  await areTheApp(tabs.orphaned);
  for (const tab of tabs.orphaned) {
    expect(loadsOf(tab)).toHaveLength(1);
    const { id, state } = await linkOf(tab);
    expect(id).not.toBe(tab.link);
    expect(state).toBe('open');
  }
});
