import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp, type Route } from '../support/page-app.js';
import { eventually, Share } from '../support/processes.js';
import { comparedAfresh } from '../support/sides.js';

const LINES = Array.from({ length: 200 }, (_, line) => `<p>line ${line} of a long page</p>`).join(
  '',
);

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

let app: PageApp;
let share: Share;

beforeAll(async () => {
  app = await startPageApp(ROUTES);
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name, [], { prefs: { 'dom.disable_beforeunload': false } });
  });
  afterAll(() => browser.close());

  test('history: its length, its states, back and forward, and what a reload leaves of it', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
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
      // By a script: Puppeteer's own reload waits for ever in Firefox once the tab has gone back, on localhost.
      await side.ask(() => void document.body.setAttribute('class', 'before'));
      await side.tab.evaluate(() => void setTimeout(() => location.reload()));
      await eventually('the reload', () => side.ask(() => document.body?.className === ''));
      await side.shows('long page');
      await note();
      await back('long page');
      await back('front page');
      await side.ask(() => void setTimeout(() => history.forward()));
      await side.shows('long page');
      await note();
      return steps;
    });
    expect(shared).toEqual(local);
  });

  test('a reload keeps how far the page was scrolled', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
      await side.open('/long', 'long page');
      await side.ask(() => scrollTo(0, 1500));
      await side.tab.reload();
      await side.shows('long page');
      return eventually('the place', () => side.ask(() => scrollY));
    });
    expect(local).toBe(1500);
    expect(shared).toBe(local);
  });

  test('a page that asks before it is left does so', async () => {
    const [local, shared] = await comparedAfresh({ browser, app, share }, async (side) => {
      const asked: string[] = [];
      await side.open('/leaving', 'leaving page');
      side.tab.on('dialog', (dialog) => {
        asked.push(dialog.type());
        void dialog.accept();
      });
      await side.ask(() => document.querySelector('input')?.focus());
      await side.tab.keyboard.type('changed');
      await side.tab.reload();
      return asked;
    });
    expect(local).toEqual(['beforeunload']);
    expect(shared).toEqual(local);
  });
});
