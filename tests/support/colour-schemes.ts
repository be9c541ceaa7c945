import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from './browser.js';

type Scheme = 'light' | 'dark';

/** Both browsers in both colour schemes. */
export const IN_EACH_SCHEME: readonly [BrowserName, Scheme][] = [
  ['chromium', 'light'],
  ['chromium', 'dark'],
  ['firefox', 'light'],
  ['firefox', 'dark'],
];

/** What makes a browser prefer dark pages. */
const DARK = {
  args: { chromium: ['--blink-settings=preferredColorScheme=0'], firefox: [] },
  prefs: { 'layout.css.prefers-color-scheme.content-override': 0 },
};

/** A browser that prefers pages of this colour scheme. */
export function launchIn(scheme: Scheme, name: BrowserName): Promise<Browser> {
  const { args, prefs } = DARK;
  return scheme === 'light' ? launch(name) : launch(name, args[name], { prefs });
}
