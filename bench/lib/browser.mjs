import puppeteer from 'puppeteer-core';
import { CHROMIUM, FIREFOX, QUIET } from '../../tests/support/browser-settings.mjs';

/** Debian's Chromium, headless; DevTools over a pipe, so that it may live in another network namespace. */
export function chromium({ args = [], executablePath = CHROMIUM.executablePath } = {}) {
  return puppeteer.launch({
    executablePath,
    headless: true,
    pipe: true,
    networkEnabled: false,
    issuesEnabled: false,
    args: [...QUIET, ...args],
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

/** The app's frame inside the shell, once it shows the bench's page. */
export function appFrame(page) {
  return until('the app', async () => {
    const frame = page.frames().find((candidate) => candidate.parentFrame() !== null);
    const text = await frame?.evaluate(() => document.body.innerText);
    return text === 'bench' ? frame : undefined;
  });
}

export function mode(page, wanted) {
  return until(`path ${wanted}`, async () => {
    const status = await page.evaluate(() => window.wingman.status());
    return status.mode === wanted ? status : undefined;
  });
}
