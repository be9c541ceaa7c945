import { constants, inflateSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { besideLocalhost } from '../support/beside-localhost.js';
import { LINES, page, send, type Route } from '../support/page-app.js';
import { PATH_NAMES } from '../support/paths.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

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

besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each(PATH_NAMES)('Ctrl+P and print() of the tab print the app: %s', async (path) => {
    const side = await stage.newSide(path);
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
    const printsAre = (title: string): Promise<true> =>
      eventually(title, () => side.ask((wanted) => document.title === wanted, title));
    await pressCtrlP();
    await printsAre('prints: x');
    await side.tab.evaluate(() => print());
    await printsAre('prints: x x');
    // An app that takes the key keeps it.
    await side.ask(() => addEventListener('keydown', (event) => event.preventDefault()));
    await pressCtrlP();
    expect(await side.ask(() => document.title)).toBe('prints: x x');
    await side.tab.close();
  });

  test('the tab printed from the browser’s menu has all of the app’s pages', async () => {
    const printed = async (side: Side): Promise<number> => {
      await side.open('/long', 'long page');
      const pdf = await side.tab.pdf();
      await side.tab.close();
      return pagesOf(Buffer.from(pdf));
    };
    const local = await printed(await stage.newSide());
    expect(local).toBeGreaterThan(3);
    const shared = await printed(await stage.newSide('p2p'));
    expect(Math.abs(shared - local)).toBeLessThanOrEqual(1);
  });
});
