import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  appShows,
  inApp,
  launch,
  release,
  statusWhere,
  type BrowserName,
} from '../support/browser.js';
import { Share } from '../support/processes.js';
import { startSocketApp, type SocketApp } from '../support/socket-app.js';

let app: SocketApp;
let share: Share;

beforeAll(async () => {
  app = await startSocketApp();
  share = await Share.start(app.port);
});

afterAll(async () => {
  await share.stop();
  await app.close();
});

test.each<BrowserName>(['chromium', 'firefox'])(
  'a browser that does not resolve *.localhost uses the server’s address: %s',
  async (name) => {
    const browser = await launch(name);
    const page = await browser.newPage();
    const { port } = new URL(share.ready.server);
    await page.goto(`http://127.0.0.1:${port}/${new URL(share.ready.url).hash}`);
    await appShows(page, 'socket app');
    await statusWhere(page, 'the direct path', ({ mode }) => mode === 'p2p');
    const before = app.opened.length;
    const echo = await inApp(page, () => {
      const socket = new WebSocket('/echo');
      socket.onopen = () => socket.send(location.origin);
      return new Promise((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(data);
        socket.onerror = reject;
      });
    });
    expect(echo).toBe(`http://127.0.0.1:${port}`);
    expect(app.opened[before]?.headers).toMatchObject({
      host: `localhost:${app.port}`,
      origin: `http://localhost:${app.port}`,
    });
    expect(app.opened[before]?.headers['x-forwarded-for']).toBeUndefined();
    await release(browser);
  },
);
