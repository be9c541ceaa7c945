import puppeteer, {
  type Browser,
  type ConsoleMessage,
  type LaunchOptions as PuppeteerLaunchOptions,
  type Page,
} from 'puppeteer-core';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, within } from './program.js';

export type BrowserName = 'chromium' | 'firefox';

/** What `window.wingman.status()` resolves to. */
export interface Status {
  mode: 'p2p' | 'relay' | 'offline';
  rttMs: number | null;
  link: { id: string; state: string };
  bytes: Record<'p2p' | 'relay', { in: number; out: number }>;
  candidatePair: { local: string; remote: string } | null;
  switches: number;
  relayConnected: boolean;
  directConnected: boolean;
  webrtcConnections: number;
}

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The machine has no mDNS responder, so host candidates show their address.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** The same for Firefox. */
export const FIREFOX_PREFS = { 'media.peerconnection.ice.obfuscate_host_addresses': false };

const CLOSE_DEADLINE_MS = 10_000;

/** Browsers still open. */
const open = new Set<Browser>();
/** Those of them that nobody uses, by how they were started. */
const released = new Map<string, Browser>();
const manners = new WeakMap<Browser, string>();

/** Starting a browser otherwise. */
export interface LaunchOptions {
  /** A Ctrl-C is the caller's to handle. */
  outlivesSignals?: boolean;
  /** Firefox's alone. */
  prefs?: Readonly<Record<string, unknown>>;
}

/** Starts the real browser from Debian's package, or takes one that this file has released. */
export async function launch(
  name: BrowserName,
  args: readonly string[] = [],
  { outlivesSignals = false, prefs = {} }: LaunchOptions = {},
): Promise<Browser> {
  const manner = JSON.stringify([name, args, outlivesSignals, prefs]);
  const before = released.get(manner);
  released.delete(manner);
  if (before?.connected === true) return before;
  const browser = await start(name, args, { outlivesSignals, prefs });
  open.add(browser);
  manners.set(browser, manner);
  browser.once('disconnected', () => open.delete(browser));
  return browser;
}

/** Closes a browser's tabs and keeps it for the next one in this file that would be started like it. */
export async function release(browser: Browser): Promise<void> {
  const [first, ...others] = await browser.pages();
  for (const page of others) await page.close();
  await first?.goto('about:blank');
  const manner = manners.get(browser);
  if (manner !== undefined) released.set(manner, browser);
}

/** Closes what a failed test has left open, by force when it does not listen. */
export async function closeBrowsers(): Promise<void> {
  for (const browser of open) {
    await within(CLOSE_DEADLINE_MS, 'the browser closes', browser.close()).catch(() =>
      browser.process()?.kill('SIGKILL'),
    );
  }
}

function start(
  name: BrowserName,
  args: readonly string[],
  { outlivesSignals, prefs }: Required<LaunchOptions>,
): Promise<Browser> {
  const signals = { handleSIGINT: !outlivesSignals, handleSIGTERM: !outlivesSignals };
  if (name === 'chromium') {
    return puppeteer.launch({
      browser: 'chrome',
      executablePath: find('chromium'),
      headless: true,
      args: [...CHROMIUM_ARGS, ...args],
      ...signals,
    });
  }
  return startFirefox({
    browser: 'firefox',
    executablePath: find('firefox-esr'),
    headless: true,
    args: [...args],
    extraPrefsFirefox: { ...FIREFOX_PREFS, ...prefs },
    ...signals,
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
    rmSync(userDataDir, { recursive: true, force: true });
  });
  return browser;
}

/** Where Debian's package puts a program. */
export function find(program: string): string {
  const path = `/usr/bin/${program}`;
  if (!existsSync(path)) throw new Error(`${program} is missing; scripts/test installs it`);
  return path;
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
export async function appShows(page: Page, text: string): Promise<void> {
  await eventually(
    `the app shows “${text}”`,
    async () => {
      const shown = await inApp(page, () => document.body.innerText);
      return shown.includes(text);
    },
    30_000,
  );
}
