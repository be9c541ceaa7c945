import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { CHROMIUM, FIREFOX } from '../../tests/support/browser-settings.mjs';

/** How long one step of a sample may take in the page: 1 GiB at 10 Mbit/s takes a quarter of an hour. */
const SAMPLE_DEADLINE_MS = 20 * 60_000;

/** Debian's Chromium, headless; DevTools over a pipe, so that it may live in another network namespace. */
export function chromium({ args = [], executablePath = CHROMIUM.executablePath } = {}) {
  return puppeteer.launch({
    executablePath,
    headless: true,
    pipe: true,
    protocolTimeout: SAMPLE_DEADLINE_MS,
    networkEnabled: false,
    issuesEnabled: false,
    // After a Ctrl-C the bench has to take its network down.
    ...{ handleSIGINT: false, handleSIGTERM: false },
    args: [...CHROMIUM.args, ...args],
  });
}

/** Debian's Firefox, headless. */
export function firefox() {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: FIREFOX.executablePath,
    headless: true,
    extraPrefsFirefox: FIREFOX.prefs,
  });
}

/** Asks until the answer is truthy. */
export async function until(what, ask, deadlineMs = 20_000) {
  const end = performance.now() + deadlineMs;
  while (performance.now() < end) {
    const answer = await ask().catch(() => undefined);
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what}: not within ${deadlineMs} ms`);
}

/** Chromium in a place of a lab, with what it needs to reach a peer there. */
export async function chromiumAt(lab, { place, url, trusted }) {
  const folder = mkdtempSync(join(tmpdir(), 'wingman-bench-chromium-'));
  const executablePath = join(folder, 'chromium');
  const command = [...lab.inside(place), CHROMIUM.executablePath].join(' ');
  writeFileSync(executablePath, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  const { origin } = new URL(url);
  const browser = await chromium({
    executablePath,
    args: [
      ...(lab.isLoopback ? [] : [resolving(lab, place)]),
      // Over HTTPS, as sessions are served elsewhere, it is one.
      ...(origin.startsWith('http:')
        ? [`--unsafely-treat-insecure-origin-as-secure=${origin}`]
        : []),
      ...(trusted === undefined ? [] : [`--ignore-certificate-errors-spki-list=${trusted}`]),
    ],
  });
  browser.once('disconnected', () => rmSync(folder, { recursive: true, force: true }));
  return browser;
}

/** The names of sessions, which no file of hosts can list, lead to the server. */
function resolving(lab, place) {
  const address = lab.address('server', place);
  return `--host-resolver-rules=MAP ${lab.domain} ${address}, MAP *.${lab.domain} ${address}`;
}

/** Opens a peer's app in a new tab; resolves, once the path that was asked for is used, with the tab and the app's frame. */
export async function openApp(browser, { url, path }) {
  const page = await browser.newPage();
  await page.goto(url);
  if (path === undefined) return { page, frame: page.mainFrame() };
  const frame = await appFrame(page);
  await page.evaluate((way) => void window.wingman.prefer(way), path);
  await mode(page, path);
  return { page, frame };
}

/** Bytes that the tab has received on each path so far; undefined where there is no tunnel of ours. */
export async function receivedBytes(page, { path }) {
  if (path === undefined) return undefined;
  const { bytes } = await page.evaluate(() => window.wingman.status());
  return { p2p: bytes.p2p.in, relay: bytes.relay.in };
}

/** The app's frame inside the shell, once it shows the bench's page. */
export function appFrame(page) {
  return until('the app', async () => {
    const frame = page.frames().find((candidate) => candidate.parentFrame() !== null);
    const text = await frame?.evaluate(() => document.body.innerText);
    return text === 'bench' ? frame : undefined;
  });
}

/** Resolves once this path is in use; with `auto` any is right. */
export function mode(page, wanted) {
  return until(`path ${wanted}`, async () => {
    const status = await page.evaluate(() => window.wingman.status());
    return wanted === 'auto' || status.mode === wanted ? status : undefined;
  });
}
