import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { LINES, page, send, type Route } from '../support/page-app.js';
import { PATH_NAMES } from '../support/paths.js';
import { eventually } from '../support/processes.js';
import type { Side } from '../support/side.js';

const icon = (color: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" fill="${color}"/>`;

const ROUTES: Record<string, Route> = {
  '/': (_, response) =>
    send(
      response,
      page(
        '<h1>front page</h1><a id="first" href="/long">first</a> <input id="second">',
        `<title>Front</title><meta name="theme-color" content="#111111"><link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon('red'))}">`,
      ),
    ),
  '/green.svg': (_, response) => send(response, icon('green'), { 'content-type': 'image/svg+xml' }),
  '/long': (_, response) => send(response, page(`<h1>long page</h1>${LINES}`)),
  '/focused': (_, response) =>
    send(response, page('<h1>focused page</h1><input><input id="wanted" autofocus>')),
  '/wide': (_, response) => send(response, page('<h1>wide page</h1>')),
  '/narrow': (_, response) =>
    send(
      response,
      page(
        '<h1>narrow page</h1>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
      ),
    ),
};

besideLocalhost({ routes: ROUTES }, (stage) => {
  test.each(PATH_NAMES)('title, icon and theme colour follow the page’s: %s', async (path) => {
    const side = await stage.newSide(path);
    await side.open('/', 'front page');
    const shown = (): Promise<unknown> =>
      side.tab.evaluate(() => [
        document.title,
        document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href,
        document.querySelector<HTMLMetaElement>('meta[name="theme-color"]')?.content ?? null,
      ]);
    const becomes = (what: string, expected: unknown[]): Promise<unknown> =>
      eventually(what, async () => {
        const [title, link, color] = (await shown()) as string[];
        const drawn = atob(link?.split(';base64,')[1] ?? '');
        const isSame = [title, drawn.includes(String(expected[1])), color];
        return JSON.stringify(isSame) === JSON.stringify([expected[0], true, expected[2]]);
      });
    await becomes('the first', ['Front', 'red', '#111111']);
    await side.ask(() => {
      document.title = '(1) Front';
      document.querySelector('link[rel="icon"]')?.setAttribute('href', '/green.svg');
      document.querySelector('meta[name="theme-color"]')?.setAttribute('content', '#222222');
    });
    await becomes('the second', ['(1) Front', 'green', '#222222']);
    await side.ask(() => document.querySelector('meta[name="theme-color"]')?.remove());
    await becomes('none', ['(1) Front', 'green', null]);
    await side.expectPath();
    await side.tab.close();
  });

  test('the keyboard is the app’s from the start: focus, Tab, scrolling', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/', 'front page');
      await eventually('the focus', () => side.ask(() => document.hasFocus()));
      const tabTo = async (wanted: string): Promise<void> => {
        await side.tab.keyboard.press('Tab');
        await eventually(`${wanted} has the focus`, () =>
          side.ask((id) => document.activeElement?.id === id, wanted),
        );
      };
      await tabTo('first');
      await tabTo('second');
      await side.tab.keyboard.type('typed');
      const typed = await eventually('the text', () =>
        side.ask(() => {
          const { value } = document.querySelector('input')!;
          return value.length === 5 && value;
        }),
      );
      await side.ask(() => (document.activeElement as HTMLElement).blur());
      await side.open('/long', 'long page');
      await eventually('the focus', () => side.ask(() => document.hasFocus()));
      await side.tab.keyboard.press('End');
      await eventually('the end', () => side.ask(() => scrollY > 1000));
      return typed;
    }, ONE_PATH);
    expect(local).toBe('typed');
  });

  test('autofocus, in the first page and in those after it', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      const focused = async (): Promise<string | undefined> => {
        await eventually('the focus', () =>
          side.ask(() => document.hasFocus() && document.activeElement?.id === 'wanted'),
        );
        await side.tab.keyboard.type('typed');
        return eventually('the text', () =>
          side.ask(() => {
            const { value } = document.querySelector<HTMLInputElement>('#wanted')!;
            return value.length === 5 && value;
          }),
        );
      };
      await side.open('/focused', 'focused page');
      const values = [await focused()];
      await side.go('/', 'front page');
      await side.go('/focused?again', 'focused page');
      values.push(await focused());
      await side.expectPath();
      return values;
    });
    expect(local).toEqual(['typed', 'typed']);
  });

  if (stage.name === 'firefox') return;

  test('a phone shows a page in the width it has there', async () => {
    const onPhone = async (side: Side): Promise<unknown[]> => {
      const { tab } = side;
      await tab.setViewport({ width: 390, height: 800, isMobile: true, hasTouch: true });
      const scales: unknown[] = [];
      for (const path of ['/wide', '/narrow', '/wide?again']) {
        const expected = path === '/narrow' ? 390 : 980;
        await side.open(path, path === '/narrow' ? 'narrow page' : 'wide page');
        await eventually(`${expected} pixels`, () =>
          side.ask((width) => innerWidth === width, expected),
        );
        const scaled = (width: number): string | false => {
          const scale = visualViewport?.scale ?? 0;
          return Math.abs(scale * width - 390) < 1 && scale.toFixed(2);
        };
        scales.push(await eventually('it fits', () => tab.evaluate(scaled, expected)));
      }
      return scales;
    };
    await stage.expectSameAfresh(onPhone, ONE_PATH);
  });
});
