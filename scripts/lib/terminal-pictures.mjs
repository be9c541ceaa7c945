// Makes the pictures of what the terminal shows upon keys, at two sizes, from a real `wingman` in a pseudo-terminal.
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { startTerminal, terminalPage } from './pictured-terminal.mjs';

/** Each with the size of its picture in pixels. */
const SCREENS = [
  { columns: 80, rows: 24, name: 'terminal', view: { width: 800, height: 450 } },
  { columns: 40, rows: 20, name: 'terminal-small', view: { width: 420, height: 400 } },
];
/** What is typed, and what is shown then. */
const KEYS = [
  ['viewers', 'v', 'Nobody is here'],
  ['keys', '?', 'like Ctrl-C'],
  ['paused', 'p', 'Paused'],
  ['details', 'd', 'wingman verify'],
  ['qr', 'q', '▀'],
  ['stopped', 'x', 'Stopped.'],
];

/** Puts them into a folder. */
export async function terminalPictures(browser, folder) {
  const app = createServer((_, response) => response.end('an app'));
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  const tab = await browser.newPage();
  try {
    for (const screen of SCREENS) await keysOf(screen, { tab, folder, port: app.address().port });
  } finally {
    app.close();
    app.closeAllConnections();
    await tab.close();
  }
}

async function keysOf(screen, { tab, folder, port }) {
  const terminal = startTerminal([String(port), '--expires', '2h'], screen);
  await tab.setViewport(screen.view);
  try {
    await terminal.shows('#k=');
    for (const [name, key, text] of KEYS) {
      terminal.type(key);
      await terminal.shows(text);
      await tab.setContent(terminalPage(terminal.screen(), screen));
      const file = path.join(folder, `${screen.name}-${name}.webp`);
      await tab.screenshot({ path: file, type: 'webp', quality: 50 });
    }
  } finally {
    terminal.kill();
  }
}
