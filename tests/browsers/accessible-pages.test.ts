import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { findings, PHONE, tooWide } from '../support/accessible.js';
import { appShows, launch, release, statusWhere, type BrowserName } from '../support/browser.js';
import { IN_EACH_SCHEME, launchIn } from '../support/colour-schemes.js';
import { page, send, startPageApp, type PageApp } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';

let app: PageApp;
let share: Share;

beforeAll(async () => {
  const front = page('<h1>front page</h1>', '<title>An app</title>');
  app = await startPageApp({ '/': (_, response) => send(response, front) });
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

/** Opens what the pill has to say, and waits until it is there. */
async function openDetails(tab: Page): Promise<void> {
  await eventually('the pill', () =>
    tab.evaluate(() => {
      const root = document.querySelector('wingman-pill')?.shadowRoot;
      const pill = root?.querySelector<HTMLElement>('.pill');
      pill?.click();
      return pill !== null && pill !== undefined;
    }),
  );
  await eventually('the details', () =>
    tab.evaluate(() => {
      const root = document.querySelector('wingman-pill')?.shadowRoot;
      return (root?.querySelector('.details') ?? null) !== null;
    }),
  );
}

function pressInDetails(tab: Page, label: string): Promise<boolean> {
  return tab.evaluate((text) => {
    const root = document.querySelector('wingman-pill')?.shadowRoot;
    const buttons = [...(root?.querySelectorAll('button') ?? [])];
    const found = buttons.find(({ textContent }) => textContent === text);
    found?.click();
    return found !== undefined;
  }, label);
}

describe.each(IN_EACH_SCHEME)('in %s, %s', (name, scheme) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchIn(scheme, name);
  });
  afterAll(() => release(browser));

  test('axe finds nothing in the details, nor in the bar of a tab that is offline', async () => {
    const mortal = await Share.start(app.port, ['--no-p2p']);
    const tab = await browser.newPage();
    await tab.goto(mortal.ready.url);
    await appShows(tab, 'front page');
    const isDark = await tab.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
    expect(isDark).toBe(scheme === 'dark');
    await openDetails(tab);
    expect(['details', await findings(tab)]).toEqual(['details', []]);
    await eventually('who is here', () => pressInDetails(tab, 'Lead the way'));
    await eventually('the bar of who leads', () =>
      tab.evaluate(() => {
        const root = document.querySelector('wingman-together')?.shadowRoot;
        return (root?.querySelector('.bar') ?? null) !== null;
      }),
    );
    expect(['together', await findings(tab)]).toEqual(['together', []]);
    mortal.signal('SIGKILL');
    await statusWhere(tab, 'offline', ({ mode }) => mode === 'offline');
    await eventually('the bar', () =>
      tab.evaluate(
        () =>
          document.querySelector('wingman-pill')?.shadowRoot?.querySelector('.bar') instanceof
          Element,
      ),
    );
    expect(['bar', await findings(tab)]).toEqual(['bar', []]);
    await tab.close();
  });

  test('axe finds nothing in a page about a problem', async () => {
    // A browser that has never had the key.
    const fresh = await browser.createBrowserContext();
    const tab = await fresh.newPage();
    await tab.goto(`${share.origin}/`);
    await eventually('the problem', () =>
      tab.evaluate(() => document.querySelector('main [role=alert]') !== null),
    );
    expect(['problem', await findings(tab)]).toEqual(['problem', []]);
    // The next page asks for itself again while somebody looks at it: on a busy machine, before axe is through with it.
    await tab.evaluateOnNewDocument(() => {
      Object.defineProperty(document, 'hidden', { value: true });
    });
    await tab.goto(`${share.ready.server.replace('localhost', 'nobody.localhost')}/`);
    expect(['page of the server', await findings(tab)]).toEqual(['page of the server', []]);
    await fresh.close();
  });

  test.each([
    [320, 256],
    [844, 390],
  ])('the details fit a window of %i × %i, and what is wide scrolls', async (width, height) => {
    const tab = await browser.newPage();
    await tab.setViewport({ width, height });
    await tab.goto(share.ready.url);
    await appShows(tab, 'front page');
    await openDetails(tab);
    const [top, left, right, bottom] = await tab.evaluate(() => {
      const root = document.querySelector('wingman-pill')?.shadowRoot;
      const box = root?.querySelector('.details')?.getBoundingClientRect();
      return [box?.top ?? -1, box?.left ?? -1, box?.right ?? 1e9, box?.bottom ?? 1e9] as const;
    });
    expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(width);
    expect(bottom).toBeLessThanOrEqual(height);
    await tab.close();
  });
});

test.each<BrowserName>(['chromium', 'firefox'])(
  'without JavaScript the page says what to do, and fits a phone: %s',
  async (name) => {
    const browser = await launch(name, [], { prefs: { 'javascript.enabled': false } });
    const tab = await browser.newPage();
    // Firefox has a setting for it, and Chromium a command.
    if (name === 'chromium') await tab.setJavaScriptEnabled(false);
    await tab.setViewport(PHONE);
    await tab.goto(share.ready.url);
    // What lies under something else can't be read.
    const [text, isOnTop] = await tab.evaluate(() => {
      const note = document.querySelector('noscript');
      const { left, top } = note?.getBoundingClientRect() ?? { left: 0, top: 0 };
      const shown = document.elementFromPoint(left + 20, top + 10);
      return [note?.innerText ?? '', shown === note] as const;
    });
    expect(text).toContain('needs JavaScript');
    expect(isOnTop).toBe(true);
    expect(await tooWide(tab)).toEqual([]);
    await release(browser);
  },
);
