import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, inApp, launch, release, type BrowserName } from '../support/browser.js';
import { LINES, page, send, startPageApp, type PageApp } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';

let app: PageApp;

beforeAll(async () => {
  app = await startPageApp({
    '/': (_, response) => send(response, page(`<h1>front page</h1><a href="/long">on</a>`)),
    '/long': (_, response) => send(response, page(`<h1>long page</h1>${LINES}`)),
    '/last': (_, response) => send(response, page('<h1>last page</h1>')),
  });
});

afterAll(() => app.close());

/** What the element of that name shows in the tab, outside of the app. */
function shown(tab: Page, host: 'wingman-pill' | 'wingman-together'): Promise<string> {
  return tab.evaluate(
    (name) =>
      [...(document.querySelector(name)?.shadowRoot?.children ?? [])]
        .map((element) => (element instanceof HTMLElement ? element.innerText : ''))
        .join(' '),
    host,
  );
}

async function shows(tab: Page, host: Parameters<typeof shown>[1], text: string): Promise<void> {
  await eventually(`${host} says ${text}`, async () => (await shown(tab, host)).includes(text));
}

/** Presses a button of ours, as soon as it is there. */
async function press(tab: Page, host: Parameters<typeof shown>[1], label: string): Promise<void> {
  await eventually(label, () =>
    tab.evaluate(
      (name, text) => {
        const root = document.querySelector(name)?.shadowRoot;
        const buttons = [...(root?.querySelectorAll('button') ?? [])];
        const found = buttons.find(
          (button) => button.textContent === text || button.matches(`.${text}`),
        );
        found?.click();
        return found !== undefined;
      },
      host,
      label,
    ),
  );
}

function asked(tab: Page): Promise<string[]> {
  return tab.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => path.includes('together')),
  );
}

async function scrolledTo(tab: Page): Promise<number> {
  return inApp(tab, () => {
    const { scrollHeight } = document.documentElement;
    return scrollY / (scrollHeight - innerHeight);
  });
}

describe.each<[BrowserName, BrowserName]>([
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
])('%s leads, and %s follows', (leads, follows) => {
  let browsers: Browser[];
  let share: Share;
  let leader: Page;
  let follower: Page;

  beforeAll(async () => {
    share = await Share.start(app.port, ['--no-p2p']);
    browsers = [await launch(leads), await launch(follows)];
    [leader, follower] = (await Promise.all(
      browsers.map(async (browser) => {
        const tab = await browser.newPage();
        await tab.goto(share.ready.url);
        await appShows(tab, 'front page');
        return tab;
      }),
    )) as [Page, Page];
  });

  afterAll(async () => {
    for (const browser of browsers) await release(browser);
    await share.stop();
  });

  test('nobody is asked or told anything until somebody opens the details', async () => {
    await press(follower, 'wingman-pill', 'pill');
    await shows(follower, 'wingman-pill', 'You and one other are here.');
    // The code for it comes then; without the code nothing can be said.
    expect(await asked(follower)).toContain('/__wingman/together.js');
    expect(await asked(leader)).toEqual([]);
  });

  test('the page, how far it is scrolled and the pointer arrive', async () => {
    await press(follower, 'wingman-pill', 'Follow whoever leads');
    await shows(follower, 'wingman-together', 'Nobody leads yet.');
    await press(leader, 'wingman-pill', 'pill');
    await press(leader, 'wingman-pill', 'Lead the way');
    await shows(leader, 'wingman-together', 'You lead. One follows.');
    await shows(follower, 'wingman-together', 'You follow.');
    await inApp(leader, () => document.querySelector('a')?.click());
    await appShows(follower, 'long page');
    await inApp(leader, () =>
      scrollTo(0, (document.documentElement.scrollHeight - innerHeight) / 2),
    );
    await eventually('it scrolls', async () => Math.abs((await scrolledTo(follower)) - 0.5) < 0.02);
    await inApp(leader, () => {
      const at = { clientX: innerWidth / 2, clientY: innerHeight / 2, bubbles: true };
      document.body.dispatchEvent(new PointerEvent('pointermove', at));
    });
    await eventually('the pointer', () =>
      follower.evaluate(() => {
        const root = document.querySelector('wingman-together')?.shadowRoot;
        return (root?.querySelector('.pointer') ?? null) !== null;
      }),
    );
  });

  test('a second tab can’t lead', async () => {
    await press(follower, 'wingman-together', 'Stop');
    await shows(follower, 'wingman-pill', 'Follow who leads');
    expect(await shown(follower, 'wingman-pill')).not.toContain('Lead the way');
  });

  test('who has stopped is left alone', async () => {
    await inApp(leader, () => location.assign('/last'));
    await appShows(leader, 'last page');
    await shows(leader, 'wingman-together', 'Nobody follows yet.');
    await press(leader, 'wingman-together', 'Stop');
    await shows(follower, 'wingman-pill', 'Lead the way');
    await appShows(follower, 'long page');
  });
});

test('a developer can turn it off', async () => {
  const share = await Share.start(app.port, ['--no-p2p', '--no-together']);
  const browser = await launch('chromium');
  const tab = await browser.newPage();
  await tab.goto(share.ready.url);
  await appShows(tab, 'front page');
  await press(tab, 'wingman-pill', 'pill');
  await eventually('it is asked', async () => (await asked(tab)).includes('/__wingman/together'));
  await eventually(
    'nothing is offered',
    async () => !(await shown(tab, 'wingman-pill')).includes('Follow'),
  );
  await release(browser);
  await share.stop();
});
