import { expect, test } from '@jest/globals';
import { besideLocalhost, ONE_PATH } from '../support/beside-localhost.js';
import { LINES, page, send, type Route } from '../support/page-app.js';
import { eventually } from '../support/processes.js';

/** Firefox as it is when nobody drives it. */
const PREFS = { 'dom.disable_beforeunload': false };

const ROUTES: Record<string, Route> = {
  '/': (_, response) => send(response, page('<h1>front page</h1>')),
  '/long': (_, response) => send(response, page(`<h1>long page</h1>${LINES}`)),
  '/leaving': (_, response) =>
    send(
      response,
      page(
        `<h1>leaving page</h1><input><script>addEventListener('beforeunload', (event) => event.preventDefault())</script>`,
      ),
    ),
};

besideLocalhost({ routes: ROUTES, prefs: PREFS }, (stage) => {
  test('history: its length, its states, back and forward, and what a reload leaves of it', async () => {
    await stage.expectSameAfresh(async (side) => {
      const steps: unknown[] = [];
      const note = async (): Promise<void> => {
        steps.push(
          await side.ask(() => [
            location.pathname + location.search,
            history.length,
            history.state as unknown,
          ]),
        );
      };
      await side.open('/', 'front page');
      await note();
      await side.ask(() => void setTimeout(() => location.assign('/long')));
      await side.shows('long page');
      await side.ask(() => history.pushState({ step: 1 }, '', '/long?step=1'));
      await note();
      const back = async (text: string): Promise<void> => {
        await side.ask(() => void setTimeout(() => history.back()));
        await side.shows(text);
        await eventually(
          'there',
          async () => (await side.ask((): unknown => history.state)) === null,
        );
        await note();
      };
      await back('long page');
      await back('front page');
      await side.ask(() => void setTimeout(() => history.forward()));
      await side.shows('long page');
      await side.ask(() => history.pushState({ step: 2 }, '', '/long?step=2'));
      await side.expectPath();
      // By a script: Puppeteer's own reload waits for ever in Firefox once the tab has gone back, on localhost.
      await side.ask(() => void document.body.setAttribute('class', 'before'));
      await side.tab.evaluate(() => void setTimeout(() => location.reload()));
      await eventually('the reload', () => side.ask(() => document.body?.className === ''));
      await side.shows('long page');
      await side.arrive();
      await note();
      await back('long page');
      await back('front page');
      await side.ask(() => void setTimeout(() => history.forward()));
      await side.shows('long page');
      await note();
      await side.expectPath();
      return steps;
    });
  });

  test('a reload keeps how far the page was scrolled', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      await side.open('/long', 'long page');
      await side.ask(() => scrollTo(0, 1500));
      await side.reload('long page');
      // Firefox goes as far as the page reaches that is there yet.
      return eventually('the place', () => side.ask(() => scrollY === 1500 && scrollY));
    }, ONE_PATH);
    expect(local).toBe(1500);
  });

  test('a page that asks before it is left does so', async () => {
    const local = await stage.expectSameAfresh(async (side) => {
      const asked: string[] = [];
      await side.open('/leaving', 'leaving page');
      side.tab.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await eventually('the focus', () => side.ask(() => document.hasFocus()));
      await side.ask(() => document.querySelector('input')?.focus());
      await side.tab.keyboard.type('changed');
      await side.reload('leaving page');
      return asked;
    }, ONE_PATH);
    expect(local).toEqual(['beforeunload']);
  });
});
