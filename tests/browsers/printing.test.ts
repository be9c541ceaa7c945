import { constants, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';
import { comparedAfresh, Side } from '../support/sides.js';

const LINES = Array.from({ length: 200 }, (_, line) => `<p>line ${line} of a long page</p>`).join(
  '',
);

const ROUTES: Record<string, Route> = {
  '/long': (_, response) =>
    send(
      response,
      page(`<h1>long page</h1>${LINES}`, '<style>@media print { h1 { display: none } }</style>'),
    ),
};

/** How many pages a PDF has; Firefox packs the objects that say so. */
function pagesOf(pdf: Buffer): number {
  const text = pdf.toString('latin1');
  const packed = [...text.matchAll(/stream\r?\n([^]*?)endstream/g)].map(([, data = '']) => {
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH };
      return inflateSync(Buffer.from(data, 'latin1'), options).toString('latin1');
    } catch {
      return '';
    }
  });
  return [text, ...packed].join().match(/\/Type\s*\/Page\b(?!s)/g)?.length ?? 0;
}

let app: PageApp;
let share: Share;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => browser.close());

  test('Ctrl+P prints the app, unless it takes the key itself; so does print() of the tab', async () => {
    const side = new Side(await browser.newPage(), app, share);
    await side.open('/long', 'long page');
    await side.ask(() => {
      document.title = 'prints:';
      window.print = () => (document.title += ' x');
    });
    const pressCtrlP = async (): Promise<void> => {
      await side.tab.keyboard.down('Control');
      await side.tab.keyboard.press('p');
      await side.tab.keyboard.up('Control');
    };
    await eventually('the focus', () => side.ask(() => document.hasFocus()));
    await pressCtrlP();
    expect(await side.ask(() => document.title)).toBe('prints: x');
    await side.tab.evaluate(() => print());
    expect(await side.ask(() => document.title)).toBe('prints: x x');
    await side.ask(() => addEventListener('keydown', (event) => event.preventDefault()));
    await pressCtrlP();
    expect(await side.ask(() => document.title)).toBe('prints: x x');
    await side.tab.close();
  });

  test('the tab printed from the browser’s menu has all of the app’s pages', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
      await side.open('/long', 'long page');
      return pagesOf(Buffer.from(await side.tab.pdf()));
    });
    expect(local).toBeGreaterThan(3);
    expect(Math.abs(shared - local)).toBeLessThanOrEqual(1);
  });
});
