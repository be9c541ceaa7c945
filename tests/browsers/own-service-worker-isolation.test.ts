import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { launch, release } from '../support/browser.js';
import { ISOLATED_WORKER_FILES } from '../support/isolated-worker-files.js';
import { eventually, Share } from '../support/processes.js';
import { startStaticApp, type StaticApp } from '../support/static-app.js';

/** Longer than what it waits for, twice. */
jest.setTimeout(90_000);

let app: StaticApp;
let share: Share;

beforeAll(async () => {
  app = await startStaticApp(ISOLATED_WORKER_FILES);
  // Nothing of it may need plain HTTP through the server.
  share = await Share.start(app.port, ['--ingress', 'off']);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each(['chromium', 'firefox'] as const)('isolation and an own worker in %s', (name) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(name);
  });
  afterAll(() => release(browser));

  /** What the page says of itself in the end; a tab that becomes isolated can't be followed in Firefox. */
  async function report(url: string): Promise<unknown> {
    const moment = app.seen.length;
    const page = await browser.newPage();
    await page.goto(url);
    const told = await eventually(
      `the report of ${url}`,
      () => app.seen.slice(moment).find((request) => request.url === '/report'),
      30_000,
    );
    await page.close();
    return JSON.parse(told.body);
  }

  test.each([
    ['whose server asks for isolation has both', '/served/'],
    ['whose worker asks for isolation, on a server that doesn’t, has it', '/added/'],
  ])('an app %s, as on localhost', async (_, path) => {
    const expected = {
      isolated: true,
      shared: 4,
      controller: `${path}sw.js`,
      own: 'from the worker',
      plain: 'plain text',
    };
    expect(await report(`http://localhost:${app.port}${path}`)).toEqual(expected);
    expect(await report(share.ready.url.replace('/#', `${path}#`))).toEqual(expected);
  });
});
