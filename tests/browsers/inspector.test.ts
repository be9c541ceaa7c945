import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'puppeteer-core';
import { appShows, launch, release, type BrowserName } from '../support/browser.js';
import { eventually } from '../support/processes.js';
import { Share } from '../support/share.js';
import { startShopApp } from '../support/shop-app.js';

let app: Awaited<ReturnType<typeof startShopApp>>;
let share: Share;
let browser: Browser;
let viewer: Page;
let page: Page;

beforeAll(async () => {
  app = await startShopApp();
  share = await Share.start(app.port);
  browser = await launch('chromium');
  viewer = await browser.newPage();
  await viewer.goto(share.ready.url);
  await appShows(viewer, 'The shop');
  page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await app.close();
});

beforeEach(async () => {
  await page.goto(share.inspector);
  await row('/prices');
});

/** Chooses a line of the list by what stands in it. */
async function row(text: string): Promise<void> {
  await eventually(`a line with ${text}`, () =>
    page.evaluate((wanted) => {
      const rows = [...document.querySelectorAll<HTMLElement>('[role=option]')];
      const found = rows.find((row) => row.querySelector('.target')?.textContent === wanted);
      found?.click();
      return found !== undefined;
    }, text),
  );
}

/** Presses a button or a tab by its name, without the number that may follow it. */
async function press(name: string): Promise<void> {
  await eventually(`the button ${name}`, () =>
    page.evaluate((wanted) => {
      const buttons = [...document.querySelectorAll<HTMLElement>('button')];
      const isIt = ({ textContent }: Element): boolean =>
        textContent.replace(/ \d+$/, '') === wanted;
      const found = buttons.find(isIt);
      found?.click();
      return found !== undefined;
    }, name),
  );
}

const shown = (): Promise<string> => page.evaluate(() => document.body.innerText);

async function shows(text: string): Promise<void> {
  await eventually(`the inspector shows ${text}`, async () => (await shown()).includes(text));
}

test('shows what passes, and what it was', async () => {
  await page.type('input[type=search]', 'status:201');
  await eventually('one line', () =>
    page.evaluate(() => document.querySelectorAll('[role=option]').length === 1),
  );
  await page.click('input[type=search]', { count: 3 });
  await page.keyboard.press('Backspace');
  await row('/api/order');
  await shows('localhost:' + app.port);
  await press('Request');
  await shows('"lamp"');
  expect(await shown()).toMatch(/session=•+; theme=dark|theme=dark; session=•+/);
  expect(await shown()).not.toContain('topsecret');
  await press('Show secrets');
  await shows('session=topsecret');
  await row('/');
  await press('Answer');
  await page.waitForSelector('iframe[sandbox=""]');
  expect(await page.evaluate(() => document.querySelector('iframe')?.contentDocument)).toBeNull();
});

test('goes on with a stream while it runs', async () => {
  await row('/prices');
  await press('Messages');
  await shows('opened');
  app.tell('the price of a lamp');
  await shows('the price of a lamp');
});

test('sends a request again, edited, and compares two answers', async () => {
  await row('/api/cart');
  await press('Replay');
  const path = await page.waitForSelector('form .wide input');
  await path?.click({ count: 3 });
  await path?.type('/api/cart?again');
  await press('Send to the app');
  await row('/api/cart?again');
  await press('Answer');
  await shows('"/api/cart?again"');
  await press('Compare with another');
  await row('/api/cart?later');
  await press('Compare with');
  await shows('-   "asked": "/api/cart?again"');
  expect(await shown()).toContain('+   "asked": "/api/cart?later"');
});

test('is used with keys alone', async () => {
  const selected = () =>
    page.evaluate(() => document.querySelector('[aria-selected=true] .target')?.textContent);
  await page.focus('[role=listbox]');
  await page.keyboard.press('Home');
  await eventually('the first', async () => (await selected()) === '/');
  await page.keyboard.press('ArrowDown');
  await eventually('the second', async () => (await selected()) !== '/');
  await page.keyboard.press('Escape');
  await eventually('none', () => page.evaluate(() => document.querySelector('.detail') === null));
  await page.keyboard.press('/');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('search');
});

/** What axe finds on the page as it is, with the element it means. */
async function findings(): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = (await page.evaluate(() =>
    // The frame is the app's page, not ours.
    (window as unknown as { axe: { run(what: object): Promise<unknown> } }).axe.run({
      exclude: ['iframe'],
    }),
  )) as AxeResults;
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
}

/** Has the helpers use a page of its own, in another browser. */
async function inBrowser(name: BrowserName, look: () => Promise<void>): Promise<void> {
  if (name === 'chromium') return look();
  const [other, before] = [await launch(name), page];
  try {
    page = await other.newPage();
    await page.goto(share.inspector);
    await look();
  } finally {
    page = before;
    await release(other);
  }
}

test.each<[BrowserName, 'light' | 'dark']>([
  ['chromium', 'light'],
  ['chromium', 'dark'],
  ['firefox', 'light'],
])('every screen is accessible in %s, %s, and fits 900 pixels', (name, value) =>
  inBrowser(name, async () => {
    if (name === 'chromium')
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    await page.setViewport({ width: 900, height: 700 });
    const found: string[] = [];
    const look = async (screen: string): Promise<void> => {
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      found.push(...(await findings()).map((finding) => `${screen}: ${finding}`));
      if (width > 900) found.push(`${screen}: ${width} pixels wide`);
    };
    await row('/api/order');
    await shows('Where the time went');
    await look('overview');
    await press('Request');
    await shows('"lamp"');
    await look('request');
    await press('Replay');
    await look('replay');
    await row('/prices');
    await press('Messages');
    await shows('opened');
    await look('messages');
    await press('Viewers');
    await shows('Throughput');
    await look('viewers');
    expect(found).toEqual([]);
  }),
);

/** Runs in the page. Returns how wide the last chart’s line is in the upper quarter, as a fraction of the whole width. */
function drawnAtTheTop(): number {
  const canvas = [...document.querySelectorAll('canvas')].at(-1);
  if (canvas === undefined) return 0;
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, Math.floor(height / 4));
  const color = getComputedStyle(canvas).getPropertyValue('--path').slice(1);
  const channels = [0, 2, 4].map((at) => parseInt(color.slice(at, at + 2), 16));
  const columns = new Set<number>();
  for (let i = 0; i < data.length; i += 4)
    if (channels.every((value, at) => data[i + at] === value)) columns.add((i / 4) % width);
  return columns.size / width;
}

test('tells of viewers, and removes one', async () => {
  // The list has the names that the terminal has. Beside a detail there is no room for them.
  await page.keyboard.press('Escape');
  expect(await shown()).toMatch(/#1 Chrome \d+/);
  await press('Viewers');
  await shows('candidates');
  await shows('admitted');
  expect(await shown()).toMatch(/Chrome \d+ on Linux/);
  const isDrawn = async (): Promise<boolean> => (await page.evaluate(drawnAtTheTop)) > 0.2;
  await eventually('the direct path is drawn', isDrawn);
  await press('Remove');
  await shows('refused');
  await viewer.reload();
  await eventually(
    'the viewer is out',
    async () =>
      (await viewer.evaluate(() => fetch('/api/cart').then(({ status }) => status))) === 403,
  );
  await press('Let in');
  await shows('admitted');
});
