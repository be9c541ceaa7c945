import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { answeredPages, galleryPage, words } from '../../scripts/lib/screens.mjs';
import { axeFindings, coveredButtons, DESK, PHONE, tooWide } from '../support/accessible.js';
import { release } from '../support/browser.js';
import { IN_EACH_SCHEME, launchIn } from '../support/colour-schemes.js';
import { ROOT } from '../support/processes.js';

// Every page about a problem and every state of the reviewer's page, by the code that draws it there. What brings each about is
// tested elsewhere; docs/screens.md says where.

/** The page has `scenes`, and `show`. */
interface Gallery {
  scenes: string[];
  show(name: string): Promise<void>;
}

type Said = Record<string, string>;
const pictured = JSON.parse(readFileSync(join(ROOT, 'scripts/lib/pictured.json'), 'utf8')) as Said;

describe.each(IN_EACH_SCHEME)('in %s, %s', (name, scheme) => {
  let browser: Browser;
  let tab: Page;
  const faults: string[] = [];
  const said: Said = {};
  beforeAll(async () => {
    browser = await launchIn(scheme, name);
    tab = await browser.newPage();
    await tab.setViewport(PHONE);
    // Some pages load themselves anew, while somebody looks at them.
    await tab.evaluate(() => Object.defineProperty(document, 'hidden', { value: true }));
  });
  afterAll(() => release(browser));

  /** Looks at what is shown: on a phone's screen closely. */
  async function look(scene: string): Promise<void> {
    const found = [
      ...(await tooWide(tab)),
      ...(await coveredButtons(tab)),
      ...(await axeFindings(tab)),
    ];
    faults.push(...found.map((fault) => `${scene}: ${fault}`));
    said[scene] = await tab.evaluate(words);
    if (
      /again by itself|goes on by itself|Trying again/.test(said[scene]) &&
      /reload/i.test(said[scene])
    )
      faults.push(`${scene}: asks for a reload, and does it`);
  }

  test('every page and state fits a phone and a desk, axe finds nothing, and its picture is current', async () => {
    const pages = answeredPages();
    for (const { name: scene, html } of pages) {
      await tab.setContent(html);
      await look(scene);
    }
    await tab.setContent(await galleryPage());
    const { scenes } = await tab.evaluate(() => ({
      scenes: (globalThis as unknown as Gallery).scenes,
    }));
    const show = (scene: string) =>
      tab.evaluate((shown) => (globalThis as unknown as Gallery).show(shown), scene);
    for (const scene of scenes) {
      await show(scene);
      await look(scene);
    }
    await tab.setViewport(DESK);
    for (const scene of scenes) {
      await show(scene);
      const found = [...(await tooWide(tab)), ...(await coveredButtons(tab))];
      faults.push(...found.map((fault) => `${scene}: ${fault}`));
    }
    expect(faults).toEqual([]);
    expect(said).toEqual(pictured);
  });
});
