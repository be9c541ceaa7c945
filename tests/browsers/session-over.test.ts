import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp } from '../support/page-app.js';
import { eventually, Share, startServer } from '../support/processes.js';

/** Each visits twice, and waits up to 15 s for several things. */
jest.setTimeout(90_000);

let app: PageApp;
let server: Awaited<ReturnType<typeof startServer>>;
const configHome = mkdtempSync(join(tmpdir(), 'wingman-over-'));

beforeAll(async () => {
  app = await startPageApp({
    '/': (_, response) => send(response, page('<h1>front page</h1>')),
    '/fresh': (_, response) => send(response, 'kept', { 'cache-control': 'max-age=60' }),
  });
  server = await startServer();
});

afterAll(async () => {
  await server.program.stop();
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

/** What the session's origin keeps in this browser. */
async function kept(): Promise<{
  items: string[];
  databases: unknown[];
  workers: number;
  answers: number;
}> {
  const names = (await caches.keys()).filter((name) => name.includes('-http-'));
  const registrations = await navigator.serviceWorker.getRegistrations();
  return {
    items: Object.keys(localStorage).sort(),
    databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
    workers: registrations.length,
    answers: names.length,
  };
}

/** With what the app has stored, the key stays, in a form that can't be read: no item has it. */
const EVERYTHING = { items: ['secret'], databases: ['secrets', 'wingman.key'] };

/** A page about the problem, not the shell that is being made. */
function saysSo(tab: Page): Promise<boolean> {
  return eventually('a page about the problem', () =>
    tab.evaluate(() => document.body.innerText.includes('What to do')),
  );
}

/** The page tries by itself too, so a load of ours may be broken off by one of its own: either makes another document. */
async function loadAgain(tab: Page): Promise<void> {
  await eventually('a load is asked for', async () => {
    await tab.evaluate(() => {
      Object.assign(globalThis, { isBefore: true });
      setTimeout(() => location.reload());
    });
    return true;
  });
  await eventually('another document', () => tab.evaluate(() => !('isBefore' in globalThis)));
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  /** Visits a session, leaves it, has the host ended, and comes back. */
  async function comeBack(args: readonly string[], leave: (share: Share) => Promise<unknown>) {
    const env = { XDG_CONFIG_HOME: configHome };
    const share = await Share.start(app.port, ['--server', server.url, '--no-p2p', ...args], env);
    const tab = await browser.newPage();
    await tab.goto(share.ready.url);
    await appShows(tab, 'front page');
    await inApp(tab, async () => {
      localStorage.setItem('secret', 'of the app');
      await new Promise((resolve) => (indexedDB.open('secrets').onsuccess = resolve));
      await fetch('/fresh');
    });
    await eventually('an answer is kept', async () => (await tab.evaluate(kept)).answers === 1);
    await tab.goto('about:blank');
    await leave(share);
    // The app's frame may wait for its host.
    await tab.goto(`${share.origin}/`, { waitUntil: 'domcontentloaded' });
    return tab;
  }

  test('a browser forgets a session whose name is gone for good: data, worker and key', async () => {
    const tab = await comeBack([], (share) => share.stop());
    await saysSo(tab);
    // The service worker has answered, and was gone with that.
    await loadAgain(tab);
    await saysSo(tab);
    await eventually('nothing is left', async () => {
      const { items, databases, workers, answers } = await tab.evaluate(kept);
      return items.length + databases.length + workers + answers === 0;
    });
    await tab.close();
  });

  test('it keeps what belongs to a name that may return, but for what the app’s server has', async () => {
    const tab = await comeBack(['--name', `over-${name}`], (share) => share.stop());
    await saysSo(tab);
    await loadAgain(tab);
    await saysSo(tab);
    const left = await eventually('the answers are gone', async () => {
      const now = await tab.evaluate(kept);
      return now.answers === 0 && now;
    });
    expect(left).toMatchObject(EVERYTHING);
    await tab.close();
  });

  test('it keeps everything while the host is only away', async () => {
    const tab = await comeBack([], (away) => {
      away.signal('SIGKILL');
      return away.exited;
    });
    // The shell may just be asked of the server anew.
    const left = await eventually('what is kept', () => tab.evaluate(kept));
    expect(left).toMatchObject({ ...EVERYTHING, answers: 1 });
    await tab.close();
  });
});
