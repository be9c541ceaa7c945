import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findings } from '../support/accessible.js';
import { appShows, launch, release, type BrowserName } from '../support/browser.js';
import { page, send, startPageApp, type PageApp } from '../support/page-app.js';
import { Share, startServer } from '../support/processes.js';

let app: PageApp;
let server: Awaited<ReturnType<typeof startServer>>;
let share: Share;

beforeAll(async () => {
  app = await startPageApp({
    '/': (_, response, url) => send(response, page(`<h1>front page of ${url.search}</h1>`)),
  });
  server = await startServer(['--notice']);
  share = await Share.start(app.port, ['--server', server.url]);
});

afterAll(async () => {
  await share.stop();
  await server.program.stop();
  await app.close();
});

test.each<BrowserName>(['chromium', 'firefox'])(
  'the operator’s notice comes once, and the link survives it: %s',
  async (name) => {
    const browser = await launch(name);
    const tab = await browser.newPage();
    const { hash, origin } = new URL(share.ready.url);
    await tab.goto(`${origin}/?a=1${hash}`);
    expect(await tab.title()).toBe('Somebody shares an app with you');
    expect(await findings(tab)).toEqual([]);
    await tab.click('button');
    await appShows(tab, 'front page of ?a=1');
    expect(new URL(tab.url()).search).toBe('?a=1');
    const another = await browser.newPage();
    await another.goto(`${origin}/?a=2`);
    await appShows(another, 'front page of ?a=2');
    await release(browser);
  },
);
