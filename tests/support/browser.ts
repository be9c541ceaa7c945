import puppeteer, {
  type Browser,
  type ConsoleMessage,
  type LaunchOptions as PuppeteerLaunchOptions,
  type Page,
} from 'puppeteer-core';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tellOnFailure } from '../../packages/node-kit/test/support/tell-on-failure.js';
import { CHROMIUM, FIREFOX } from './browser-settings.mjs';
import { eventually, within } from './program.js';

export type BrowserName = 'chromium' | 'firefox';

/** All browsers that are tested. The last has a driver of its own. */
export type Engine = BrowserName | 'webkit';

/** What `window.wingman.status()` resolves to. */
export interface Status {
  mode: 'p2p' | 'turn' | 'relay' | 'offline';
  rttMs: number | null;
  link: { id: string; state: string };
  bytes: Record<'p2p' | 'turn' | 'relay', { in: number; out: number }>;
  candidatePair: { local: string; remote: string } | null;
  switches: number;
  relayConnected: boolean;
  directConnected: boolean;
  webrtcConnections: number;
}

const CLOSE_DEADLINE_MS = 10_000;
/** Less than a test has by default: the message is to be read. */
const APP_DEADLINE_MS = 25_000;

/** Where the runner has a browser waiting that the files of a job use one after the other. */
const SHARED: Readonly<Record<BrowserName, string | undefined>> = {
  chromium: process.env.WINGMAN_TEST_CHROMIUM,
  firefox: process.env.WINGMAN_TEST_FIREFOX,
};

/** Browsers still open, each with what ends its use: a shared one is left, and any other is closed. */
const open = new Map<Browser, () => Promise<void>>();
/** Those of them that nobody uses, by how they were started. */
const released = new Map<string, Browser>();
const manners = new WeakMap<Browser, string>();

/** Starting a browser otherwise. */
export interface LaunchOptions {
  /** A process of its own, for a test that crashes it. */
  own?: boolean;
  /** A Ctrl-C is the caller's to handle. */
  outlivesSignals?: boolean;
  /** The driver is told of no requests: it would keep a record of each, with its answer, in the tab's own process. */
  unrecorded?: boolean;
  /** Firefox's alone. */
  prefs?: Readonly<Record<string, unknown>>;
}

/** The real browser from Debian's package: the one that is shared, one that this file has released, or a new one. */
export async function launch(
  name: BrowserName,
  args: readonly string[] = [],
  options: LaunchOptions = {},
): Promise<Browser> {
  const { own = false, outlivesSignals = false, unrecorded = false } = options;
  const prefs = name === 'firefox' ? (options.prefs ?? {}) : {};
  const manner = JSON.stringify([name, args, own, outlivesSignals, unrecorded, prefs]);
  const before = released.get(manner);
  released.delete(manner);
  if (before?.connected === true) return before;
  const isPlain = manner === JSON.stringify([name, [], false, false, false, {}]);
  const shared = isPlain ? await connectShared(name) : undefined;
  const browser = shared ?? (await start(name, args, { outlivesSignals, unrecorded, prefs }));
  open.set(browser, () => (shared === undefined ? browser.close() : leave(browser)));
  manners.set(browser, manner);
  browser.once('disconnected', () => open.delete(browser));
  return browser;
}

/** Undefined where there is none, and where a browser of this file has it: Firefox takes one driver at a time. */
async function connectShared(name: BrowserName): Promise<Browser | undefined> {
  const browserWSEndpoint = SHARED[name];
  if (browserWSEndpoint === undefined) return undefined;
  const protocol = name === 'firefox' ? 'webDriverBiDi' : 'cdp';
  return puppeteer.connect({ browserWSEndpoint, protocol }).catch(() => undefined);
}

/** Closes a browser's tabs, forgets its cookies, and keeps it for the next one that would be started like it. */
export async function release(browser: Browser): Promise<void> {
  if (!browser.connected) return;
  const [, ...contexts] = browser.browserContexts();
  for (const context of contexts) await context.close();
  const [first, ...others] = await browser.pages();
  for (const page of others) await page.close();
  await first?.goto('about:blank');
  if (first !== undefined) await forgetCookies(browser, first);
  const manner = manners.get(browser);
  if (manner !== undefined) released.set(manner, browser);
}

/** Chromium does not answer to the deletion of a cookie with a prefix one by one, and Firefox has no way for all at once. */
async function forgetCookies(browser: Browser, page: Page): Promise<void> {
  if ((await browser.version()).includes('Chrome')) {
    const session = await page.createCDPSession();
    await session.send('Network.clearBrowserCookies');
    return session.detach();
  }
  return browser.deleteCookie(...(await browser.cookies()));
}

/** A failed test may not have released it. */
async function leave(shared: Browser): Promise<void> {
  await release(shared);
  await shared.disconnect();
}

/** Ends what a file has used, by force when a browser does not listen. */
export async function closeBrowsers(): Promise<void> {
  for (const [browser, end] of open) {
    await within(CLOSE_DEADLINE_MS, 'the browser closes', end()).catch(() =>
      browser.process()?.kill('SIGKILL'),
    );
  }
}

const TOLD_CHARACTERS = 400;
const TELL_MS = 3_000;

tellOnFailure(async () => {
  const pages = await Promise.all([...open.keys()].map((browser) => browser.pages()));
  return (await Promise.all(pages.flat().map(tellOf))).join('\n');
});

/** A tab: its address, what it shows, and what the shell knows. */
async function tellOf(page: Page): Promise<string> {
  if (page.url() === 'about:blank') return 'tab about:blank';
  const asked = [
    page.evaluate(() => document.body.innerText),
    inApp(page, () => `${location.href} ${document.readyState}: ${document.body.innerText}`),
    status(page).then((now) => JSON.stringify(now)),
  ].map((answer) => within(TELL_MS, 'asked', answer).catch(String));
  const told = (await Promise.all(asked)).map((text) => text.slice(0, TOLD_CHARACTERS));
  return [`tab ${page.url().slice(0, TOLD_CHARACTERS)}`, ...told].join('\n  ');
}

function start(
  name: BrowserName,
  args: readonly string[],
  { outlivesSignals, unrecorded, prefs }: Required<Omit<LaunchOptions, 'own'>>,
): Promise<Browser> {
  const common = {
    headless: true,
    handleSIGINT: !outlivesSignals,
    handleSIGTERM: !outlivesSignals,
    networkEnabled: !unrecorded,
  };
  if (name === 'chromium') {
    return puppeteer.launch({
      browser: 'chrome',
      executablePath: found(CHROMIUM),
      args: [...CHROMIUM.args, ...args],
      ...common,
    });
  }
  return startFirefox({
    browser: 'firefox',
    executablePath: found(FIREFOX),
    args: [...args],
    extraPrefsFirefox: { ...FIREFOX.prefs, ...prefs },
    ...common,
  });
}

/** In a copy of the profile that the runner has used once, where there is one: the start costs half of a first one's. */
async function startFirefox(options: PuppeteerLaunchOptions): Promise<Browser> {
  const used = process.env.WINGMAN_TEST_FIREFOX_PROFILE;
  if (used === undefined) return puppeteer.launch(options);
  const userDataDir = mkdtempSync(join(tmpdir(), 'wingman-firefox-'));
  cpSync(used, userDataDir, { recursive: true });
  const browser = await puppeteer.launch({ ...options, userDataDir });
  browser.process()?.once('exit', () => {
    // Its children may still write.
    rmSync(userDataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return browser;
}

/** Where Debian's package puts a browser. */
export function found({ executablePath }: { readonly executablePath: string }): string {
  if (existsSync(executablePath)) return executablePath;
  throw new Error(`${executablePath} is missing; scripts/test installs it`);
}

/** Errors a page has shown so far. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  return errors;
}

/** The shell's own report. */
export function status(page: Page): Promise<Status> {
  return page.evaluate(() =>
    (window as unknown as { wingman: { status(): Promise<Status> } }).wingman.status(),
  );
}

/** Asks the shell for a path, as a developer does in the console. */
export function prefer(page: Page, path: 'auto' | 'p2p' | 'relay'): Promise<void> {
  return page.evaluate((way) => {
    (window as unknown as { wingman: { prefer(way: string): void } }).wingman.prefer(way);
  }, path);
}

export function statusWhere(
  page: Page,
  what: string,
  holds: (status: Status) => boolean,
): Promise<Status> {
  return eventually(what, async () => {
    const now = await status(page);
    return holds(now) ? now : undefined;
  });
}

/** Runs a function in the app's document, inside the shell. */
export async function inApp<T, A extends unknown[]>(
  page: Page,
  run: (...args: A) => T | Promise<T>,
  ...args: A
): Promise<T> {
  const frame = page.frames().find((candidate) => candidate.parentFrame() === page.mainFrame());
  if (frame === undefined) throw new Error('the app’s frame is not there');
  return await frame.evaluate(run as (...args: unknown[]) => T | Promise<T>, ...args);
}

/** Waits until the app's document shows a text. */
export async function appShows(
  page: Page,
  text: string,
  deadlineMs: number = APP_DEADLINE_MS,
): Promise<void> {
  await eventually(
    `the app shows “${text}”`,
    async () => {
      const shown = await inApp(page, () => document.body.innerText);
      return shown.includes(text);
    },
    deadlineMs,
  );
}
