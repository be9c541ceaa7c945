/* global document -- these functions run in the page too. */
// Makes the pictures of a session on this machine: the terminal, the reviewer's page, the inspector, and the moving one.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { movingPicture } from './moving-picture.mjs';
import { startTerminal, terminalPage } from './pictured-terminal.mjs';
import { within } from './within.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const example = path.join(root, 'examples/vite-react');
/** Of the moving picture, and of each of its scenes. */
const SIZE = { width: 800, height: 450 };
const SCREEN = { columns: 80, rows: 24 };
/** Bytes of the moving picture: it is the first thing that README loads. */
const MOST = 220 * 1024;

/** Needs the packages of examples/vite-react. */
export async function sessionPictures(browser, folder) {
  const vite = await startExample();
  const args = [String(vite.port), '--shared-by', 'Ada, the checkout team', '--expires', '2h'];
  const terminal = startTerminal(args, SCREEN);
  try {
    await picturesOf({ browser, folder, terminal, port: vite.port });
  } finally {
    await terminal.kill();
    vite.child.kill();
  }
}

async function startExample() {
  const child = spawn(process.execPath, ['node_modules/vite/bin/vite.js', '--no-clear-screen'], {
    ...{ cwd: example, env: { ...process.env, NO_COLOR: '1' } },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    const port = /localhost:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error(
    'examples/vite-react does not start: npm install --no-save --prefix examples/vite-react',
  );
}

async function picturesOf({ browser, folder, terminal, port }) {
  const scenes = [];
  const scene = async (title, seconds, tab, more = {}) =>
    scenes.push({ title, seconds, webp: await webpOf(tab), ...more });
  const file = (name) => path.join(folder, name);
  const shell = await terminalTab(browser, ['', `  $ npx wingman ${port}`]);
  await scene('On your machine', 2, shell);
  await terminal.shows('#k=');
  const url = terminal
    .screen()
    .join('')
    .match(/http:\S+#k=[\w-]{22}/)[0];
  const inspector = terminal
    .screen()
    .join('\n')
    .match(/http:\/\/127\.0\.0\.1:\d+/)[0];
  await shell.setContent(terminalPage(terminal.screen(), SCREEN));
  await scene('On your machine', 4, shell);

  const app = await openApp(browser, url);
  await scene('In the reviewer’s browser', 3, app, { still: true });
  await openDetails(app);
  await photograph(app, { width: 1000, height: 780 }, file('details.png'));
  await app.setViewport({ width: 1120, height: 630 });
  await scene('A click on the dot says how it is connected', 3, app);

  await terminal.shows('is now direct');
  await shell.setContent(terminalPage(terminal.screen(), SCREEN));
  await shell.screenshot({ path: file('terminal-running.webp'), type: 'webp', quality: 60 });
  await scene('Your terminal shows requests and viewers as they come', 4, shell);
  await inspectorPictures(browser, inspector, { file, scene });

  await togetherPicture(browser, { url, app, file: file('together.png') });
  await terminal.kill();
  await within('the bar is there', () => inShadow(app, '*', 'Offline since'));
  await photograph(app, { width: 800, height: 600 }, file('offline.png'));
  await scene('When the connection is away, the page says so, and goes on by itself', 3, app);
  const svg = movingPicture(scenes, SIZE);
  if (svg.length > MOST) throw new Error(`the moving picture has ${svg.length} of ${MOST} bytes`);
  await writeFile(file('wingman.svg'), svg);
  console.log(`wingman.svg: ${(svg.length / 1024).toFixed(0)} KiB, ${scenes.length} scenes`);
}

async function terminalTab(browser, screen) {
  const tab = await browser.newPage();
  await tab.setViewport(SIZE);
  await tab.setContent(terminalPage(screen, SCREEN));
  return tab;
}

async function openApp(browser, url) {
  const tab = await browser.newPage();
  await tab.setViewport(SIZE);
  await tab.goto(url);
  await within('the app is there', () =>
    tab
      .frames()
      .at(-1)
      .evaluate(() => document.body.innerText.includes('Katherine')),
  );
  await within('its path is direct', () => inShadow(tab, 'button', 'Direct'));
  return tab;
}

/** Clicks what stands in a shadow root of the page, as the pill and the bars do, where that is asked for; whether it is there. */
function inShadow(tab, selector, text, click = false) {
  return tab.evaluate(
    (wanted, beginning, isClicked) => {
      const all = [...document.querySelectorAll('*')].flatMap(({ shadowRoot }) =>
        shadowRoot === null ? [] : [...shadowRoot.querySelectorAll(wanted)],
      );
      const found = all.find(({ textContent }) => textContent.startsWith(beginning));
      if (isClicked) found?.click();
      return found !== undefined;
    },
    ...[selector, text, click],
  );
}

async function openDetails(tab) {
  await press(tab, 'Direct');
  await within('the details are there', () => inShadow(tab, 'button', 'Lead the way'));
}

/** Presses the button in a shadow root whose text begins so. */
function press(tab, text) {
  return within(`there is a button ${text}`, () => inShadow(tab, 'button', text, true));
}

/** `app` has its details open, leads, and follows nobody afterwards. */
async function togetherPicture(browser, { url, app, file }) {
  const follower = await openApp(browser, url);
  await openDetails(follower);
  await press(follower, 'Follow whoever leads');
  await app.bringToFront();
  await press(app, 'Lead the way');
  await app.keyboard.press('Escape');
  await within('the pointer is shown', async () => {
    for (const x of [520, 540]) await app.mouse.move(x, 240);
    return inShadow(follower, 'span.pointer', '');
  });
  await follower.keyboard.press('Escape');
  await photograph(follower, { width: 1000, height: 640 }, file);
  await follower.close();
  await press(app, 'Stop');
}

async function inspectorPictures(browser, url, { file, scene }) {
  const tab = await browser.newPage();
  await tab.setViewport({ width: 1280, height: 640 });
  await tab.goto(url);
  const choose = (target) =>
    within(`${target} is in the list`, () =>
      tab.evaluate((wanted) => {
        const cells = [...document.querySelectorAll('[role=option] .target')];
        const cell = cells.find(({ textContent }) => textContent.includes(wanted));
        cell?.click();
        return cell !== undefined;
      }, target),
    );
  await choose('/src/App.tsx');
  await within('its times are drawn', () =>
    tab.evaluate(() => document.querySelector('.waterfall') !== null),
  );
  await photograph(tab, { width: 1280, height: 640 }, file('inspector-light.png'));
  await tab.setViewport({ width: 960, height: 540 });
  await scene('The inspector shows what passes, and where the time went', 4, tab);
  await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await photograph(tab, { width: 900, height: 640 }, file('inspector-dark-narrow.png'));
  await tab.emulateMediaFeatures([]);
  await tab.keyboard.press('2');
  await within('a chart is drawn', () =>
    tab.evaluate(() => document.querySelector('.charts canvas') !== null),
  );
  await photograph(tab, { width: 1280, height: 480 }, file('inspector-viewers.png'));
  await tab.close();
}

async function photograph(tab, size, file) {
  await tab.bringToFront();
  const before = tab.viewport();
  await tab.setViewport(size);
  await tab.screenshot({ path: file });
  await tab.setViewport(before);
}

/** A scene of the moving picture; a tab that is larger, in the same proportions, is made smaller. */
async function webpOf(tab) {
  await tab.bringToFront();
  const viewport = tab.viewport();
  await tab.setViewport({ ...viewport, deviceScaleFactor: SIZE.width / viewport.width });
  const webp = await tab.screenshot({ type: 'webp', quality: 50 });
  await tab.setViewport(viewport);
  return Buffer.from(webp);
}
