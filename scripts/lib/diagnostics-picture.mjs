/* global document -- these functions run in the page too. */
// Makes the picture of the page about diagnostics, from a session on this machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './within.mjs';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const cli = path.join(root, 'packages/relay-server/bin/wingman.js');

/** Opens the page, measures both paths, and keeps what it shows then. */
export async function diagnosticsPicture(browser, file) {
  const app = createServer((_, response) => response.end('<!doctype html><h1>An app</h1>'));
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  const host = spawn(process.execPath, [cli, 'share', String(app.address().port), '--json']);
  try {
    const [line] = await once(createInterface(host.stdout), 'line');
    const url = new URL(JSON.parse(line).url);
    url.pathname = '/__wingman/diagnostics';
    await photograph(browser, url.href, file);
  } finally {
    host.kill();
    app.close();
  }
}

async function photograph(browser, url, file) {
  const tab = await browser.newPage();
  await tab.setViewport({ width: 900, height: 1_000 });
  await tab.goto(url);
  const shown = (what) =>
    within(`the page shows ${what}`, () =>
      tab
        .frames()
        .find((each) => each.parentFrame() === tab.mainFrame())
        ?.evaluate(what),
    );
  await shown(() => document.querySelector('.paths td')?.textContent === '');
  await shown(() => {
    const [direct] = document.querySelectorAll('.paths tbody td');
    if (direct?.textContent !== 'in use') return false;
    document.querySelector('.trials button').click();
    return true;
  });
  await shown(() =>
    /^The relay carries/.test(
      [...document.querySelectorAll('li')].at(-1)?.innerText.slice(9) ?? '',
    ),
  );
  await tab.screenshot({ path: file });
  await tab.close();
}
