// Makes the pictures of the pages about problems in docs/images/problems, one for each code, from what draws the pages,
// docs/images/diagnostics.png, and those of a session: terminal, reviewer's page, inspector, and the moving one. With
// `problems`, `diagnostics` or `session` as argument it makes these alone.
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import { diagnosticsPicture } from './lib/diagnostics-picture.mjs';
import { sessionPictures } from './lib/session-pictures.mjs';
import { CHROMIUM } from '../tests/support/browser-settings.mjs';
import * as pages from '../packages/protocol/dist/index.js';
import { passphrasePart } from '../packages/relay-server/dist/exchange/entry-page.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(root, 'docs/images/problems');
const shell = path.join(root, 'packages/browser-client/src/shell');
/** Bytes of one picture: they are looked at in a page that has thirty of them. */
const MOST = 25 * 1024;
const PORT = 3000;

/** What the tunnel server and the host answer with. */
const ANSWERED = [
  pages.SESSION_UNKNOWN,
  pages.SESSION_ENDED,
  pages.DIRECTORY_AWAY,
  pages.localPortRefused(PORT),
  pages.portNotAllowed(8080),
  pages.appAborted(PORT, 'socket hang up'),
  pages.appTimedOut(PORT),
  pages.ingressProblem('UPLOAD_TIMEOUT'),
  pages.appBusy(PORT),
  pages.KEY_NEEDED,
  pages.INGRESS_REFUSED,
  pages.passphraseNeeded(),
  pages.APPROVAL_NEEDED,
  pages.VISITOR_REFUSED,
  pages.PAUSED,
  pages.readOnly('a POST'),
  pages.ADDRESS_DENIED,
  pages.FOREIGN_ORIGIN,
  pages.WRONG_HOST,
  pages.SERVER_FAILED,
  pages.viewerProblem('LINK_LOST'),
  pages.viewerProblem('PROTOCOL_ERROR'),
];

/** What these pages have besides their words. */
const PARTS = {
  PASSPHRASE_NEEDED: passphrasePart('/'),
  APPROVAL_NEEDED: pages.ASK_AGAIN_PART,
  LOCAL_PORT_REFUSED: pages.ASK_AGAIN_PART,
  PAUSED: pages.ASK_AGAIN_PART,
  SESSION_ENDED: pages.ASK_AGAIN_PART,
  SESSION_UNKNOWN: pages.ASK_AGAIN_PART,
};

/** What the reviewer's page shows in place of the app. */
const DRAWN = [
  'HOST_OFFLINE',
  'HANDSHAKE_FAILED',
  'KEY_MISSING',
  'SERVER_UNREACHABLE',
  'SESSION_EXPIRED',
  'SESSION_STOPPED',
  'TOO_MANY_VIEWERS',
  'TUNNEL_CRASHED',
  'UNSUPPORTED',
];

/** A page that has nothing of the shell but its cover. */
async function coverPage() {
  const contents = `import { drawCover, newJourney } from './cover.js';
    globalThis.show = (problem) =>
      drawCover(document.getElementById('wingman-cover'), { ...newJourney(), problem }, () => {});`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: shell, loader: 'ts' },
    ...{ bundle: true, write: false, format: 'iife', jsx: 'automatic', jsxImportSource: 'preact' },
  });
  const css = await readFile(path.join(shell, 'shell.css'), 'utf8');
  return `<!doctype html><html lang="en"><style>${css}</style><div id="wingman-cover"></div><script>${outputFiles[0].text}</script>`;
}

/** A tab of its own for each: some pages load themselves anew. */
async function picture(browser, code, html, draw = () => undefined) {
  const tab = await browser.newPage();
  await tab.setViewport({ width: 800, height: 500 });
  await tab.setContent(html);
  await tab.evaluate(draw, code);
  const file = path.join(folder, `${code.toLowerCase().replaceAll('_', '-')}.webp`);
  await tab.screenshot({ path: file, type: 'webp', quality: 60 });
  await tab.close();
  const { size } = await stat(file);
  console.log(`${path.relative(root, file)}: ${(size / 1024).toFixed(1)} KiB`);
  if (size > MOST) throw new Error(`${file} is larger than ${MOST} bytes`);
}

async function problemPictures(browser) {
  await mkdir(folder, { recursive: true });
  for (const problem of ANSWERED) {
    const { body } = pages.renderProblem(problem, 'text/html', PARTS[problem.code]);
    await picture(browser, problem.code, body);
  }
  const cover = await coverPage();
  for (const code of DRAWN) await picture(browser, code, cover, (shown) => globalThis.show(shown));
}

const images = path.join(root, 'docs/images');
const wanted = (name) => (process.argv[2] ?? name) === name;
const browser = await puppeteer.launch(CHROMIUM);
try {
  if (wanted('problems')) await problemPictures(browser);
  if (wanted('diagnostics'))
    await diagnosticsPicture(browser, path.join(images, 'diagnostics.png'));
  if (wanted('session')) await sessionPictures(browser, images);
} finally {
  await browser.close();
}
