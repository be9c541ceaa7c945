// Makes the pictures of what the terminal shows, and writes down what each says.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { terminalPage } from './pictured-terminal.mjs';
import { terminalScenes } from './terminal-scenes.mjs';

/** What each screen said when it was pictured: a test compares it with what it says now. */
const PICTURED = fileURLToPath(new URL('pictured-terminals.json', import.meta.url));
/** Of a character, in pixels. */
const CELL = { width: 8.43, height: 18.2 };
const MARGIN = 60;

/** Puts them into a folder. */
export async function terminalPictures(browser, folder) {
  const tab = await browser.newPage();
  const said = {};
  for await (const { name, size, screen, words } of terminalScenes()) {
    said[name] = words;
    await tab.setViewport({
      width: Math.round(size.columns * CELL.width + MARGIN),
      height: Math.round(size.rows * CELL.height),
    });
    await tab.setContent(terminalPage(screen, size));
    await tab.screenshot({ path: path.join(folder, `${name}.webp`), type: 'webp', quality: 50 });
  }
  await tab.close();
  await writeFile(PICTURED, `${JSON.stringify(said, undefined, 2)}\n`);
}
