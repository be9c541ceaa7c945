// Makes the pictures of our pages and states in docs/images/problems and docs/images/screens, from what draws them,
// docs/images/diagnostics.png, and those of a session: terminal, reviewer's page, inspector, and the moving one. With
// `screens`, `terminal`, `diagnostics` or `session` as argument it makes these alone.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { diagnosticsPicture } from './lib/diagnostics-picture.mjs';
import { answeredPages, galleryPage, pictureOf, words } from './lib/screens.mjs';
import { sessionPictures } from './lib/session-pictures.mjs';
import { terminalPictures } from './lib/terminal-pictures.mjs';
import { CHROMIUM } from '../tests/support/browser-settings.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const images = path.join(root, 'docs/images');
/** What each page said when it was pictured: a test compares it with what the page says now. */
const PICTURED = path.join(root, 'scripts/lib/pictured.json');
/** Bytes of one picture: they are looked at in a page that has seventy of them. */
const MOST = 25 * 1024;
const PAGE = { width: 800, height: 500 };
/** As wide as a phone, and no higher than what is shown. */
const STATE = { width: 390, height: 620 };

async function picture(tab, name) {
  const file = path.join(images, pictureOf(name));
  await tab.screenshot({ path: file, type: 'webp', quality: 60 });
  const { size } = await stat(file);
  console.log(`${path.relative(root, file)}: ${(size / 1024).toFixed(1)} KiB`);
  if (size > MOST) throw new Error(`${file} is larger than ${MOST} bytes`);
  return [name, await tab.evaluate(words)];
}

/** A tab of its own for each page that is answered: some load themselves anew. */
async function answered(browser, { name, html }) {
  const tab = await browser.newPage();
  await tab.setViewport(PAGE);
  await tab.setContent(html);
  const said = await picture(tab, name);
  await tab.close();
  return said;
}

async function drawn(browser) {
  const tab = await browser.newPage();
  await tab.setContent(await galleryPage());
  const said = [];
  for (const scene of await tab.evaluate(() => globalThis.scenes)) {
    await tab.setViewport(pictureOf(scene).startsWith('problems') ? PAGE : STATE);
    await tab.evaluate((name) => globalThis.show(name), scene);
    said.push(await picture(tab, scene));
  }
  return said;
}

async function screenPictures(browser) {
  for (const name of ['problems', 'screens'])
    await mkdir(path.join(images, name), { recursive: true });
  const said = [];
  for (const page of answeredPages()) said.push(await answered(browser, page));
  said.push(...(await drawn(browser)));
  await writeFile(PICTURED, `${JSON.stringify(Object.fromEntries(said), undefined, 2)}\n`);
}

const wanted = (name) => (process.argv[2] ?? name) === name;
const browser = await puppeteer.launch(CHROMIUM);
try {
  if (wanted('screens')) await screenPictures(browser);
  if (wanted('diagnostics'))
    await diagnosticsPicture(browser, path.join(images, 'diagnostics.png'));
  if (wanted('terminal')) await terminalPictures(browser, path.join(images, 'screens'));
  if (wanted('session')) await sessionPictures(browser, images);
} finally {
  await browser.close();
}
