import type { Page } from 'puppeteer-core';
import { appShows, inApp, status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { carriedBetween, type Carried } from './bulk.js';

/** A whole load of Vite's example, the first of this browser, after the link has come to its path. */
export interface Load {
  /** Until it shows and hot updates are connected, in milliseconds. */
  readonly ms: number;
  readonly requests: number;
  readonly carried: Carried;
  /** Whether the link has kept to its path meanwhile. */
  readonly isSteady: boolean;
}

/** Rejects when the app doesn't work. */
export async function loadVite(page: Page): Promise<Load> {
  const before = await status(page);
  const connected = hotUpdates(page);
  const start = performance.now();
  await inApp(page, () => {
    location.assign('/');
  });
  await appShows(page, 'Get started');
  await connected;
  const ms = performance.now() - start;
  await eventually('the app counts', () =>
    inApp(page, () => {
      const button = document.querySelector<HTMLElement>('button.counter');
      button?.click();
      return button?.innerText !== 'Count is 0';
    }),
  );
  const requests = await inApp(page, () => performance.getEntriesByType('resource').length);
  const after = await status(page);
  const isSteady = after.switches === before.switches;
  return { ms, requests, carried: carriedBetween(before, after), isSteady };
}

/** Vite's client says so in the console when its WebSocket is open. */
async function hotUpdates(page: Page): Promise<void> {
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await eventually('hot updates', () => said.some((text) => text.includes('[vite] connected')));
}
