// The browsers that the files of a test job share.
import puppeteer from 'puppeteer-core';
import { CHROMIUM, FIREFOX } from '../../tests/support/browser-settings.mjs';

/** The runner itself stops what it has started. */
const BY_THE_RUNNER = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
const CLOSE_DEADLINE_MS = 5_000;

/** A Firefox profile that has been started once; a fresh one has each start do that work again, 1.5 s of a core. */
export async function usedProfile(userDataDir) {
  const browser = await launchFirefox({ userDataDir });
  await browser.close();
  return userDataDir;
}

/**
 * One of each, with nobody driving it: files connect to it one after the other, as Firefox wants it. A start costs 0.7 s
 * of a core in Chromium and 2 s in Firefox.
 */
export async function startBrowsers() {
  const started = await Promise.all([
    puppeteer.launch({ ...CHROMIUM, headless: true, ...BY_THE_RUNNER }),
    launchFirefox(),
  ]);
  const [chromium, firefox] = started.map((browser) => browser.wsEndpoint());
  const programs = started.map((browser) => browser.process());
  await Promise.all(started.map((browser) => browser.disconnect()));
  return {
    env: { WINGMAN_TEST_CHROMIUM: chromium, WINGMAN_TEST_FIREFOX: firefox },
    /** False when a file has ended one of them. */
    isWhole: () => !programs.some(hasEnded),
    stop: () => Promise.all(programs.map(stop)),
  };
}

function launchFirefox(options = {}) {
  const { executablePath, prefs } = FIREFOX;
  return puppeteer.launch({
    browser: 'firefox',
    executablePath,
    extraPrefsFirefox: prefs,
    headless: true,
    ...BY_THE_RUNNER,
    ...options,
  });
}

function hasEnded({ exitCode, signalCode }) {
  return exitCode !== null || signalCode !== null;
}

function stop(program) {
  if (hasEnded(program)) return undefined;
  const ended = new Promise((resolve) => program.once('exit', resolve));
  const kill = setTimeout(() => program.kill('SIGKILL'), CLOSE_DEADLINE_MS);
  program.kill('SIGTERM');
  return ended.finally(() => clearTimeout(kill));
}
