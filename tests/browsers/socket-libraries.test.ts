import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import {
  appShows,
  inApp,
  launch,
  release,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { startLibraryApp, type LibraryApp } from '../support/library-app.js';
import type { Probes } from '../support/library-page.js';
import { Share } from '../support/processes.js';

let app: LibraryApp;
let share: Share;

beforeAll(async () => {
  app = await startLibraryApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

describe.each<BrowserName>(['chromium', 'firefox'])('libraries in %s', (name) => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch(name);
    page = await browser.newPage();
    await page.goto(share.ready.url);
    await appShows(page, 'library app');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
  });
  afterAll(() => release(browser));

  test('socket.io upgrades to a WebSocket, with acknowledgements and binary data', async () => {
    const before = app.upgrades.length;
    const seen = await inApp(page, () =>
      (window as unknown as { probes: Probes }).probes.socketIo(),
    );
    const end = 'io server disconnect';
    expect(seen).toEqual(['hello', 'websocket', 'grüß', [1, 2, 3], end]);
    expect(app.upgrades.length).toBe(before + 1);
  });

  test('graphql-ws subscribes', async () => {
    const seen = await inApp(page, () =>
      (window as unknown as { probes: Probes }).probes.graphql(),
    );
    expect(seen).toEqual([3, 2, 1, 0]);
    expect(app.upgrades.at(-1)?.headers['sec-websocket-protocol']).toBe('graphql-transport-ws');
  });

  test('reconnecting-websocket reconnects and sends what it has kept', async () => {
    const seen = await inApp(page, () =>
      (window as unknown as { probes: Probes }).probes.reconnecting(),
    );
    expect(seen).toEqual(['kept', 1012]);
    const tunnelled = app.upgrades.map(({ headers }) => headers['x-forwarded-for']);
    expect(new Set(tunnelled)).toEqual(new Set([undefined]));
  });
});
