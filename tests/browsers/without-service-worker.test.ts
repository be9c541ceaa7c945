import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, Frame, Page } from 'puppeteer-core';
import { release, status, watchErrors, type BrowserName } from '../support/browser.js';
import {
  launchInsecure,
  startInsecureServer,
  type InsecureServer,
} from '../support/insecure-server.js';
import { probePlainWeb, startPlainApp, type PlainApp } from '../support/plain-app.js';
import { eventually, Share } from '../support/processes.js';

/** Five programs start one after the other, and a page may take half a minute. */
jest.setTimeout(120_000);

let app: PlainApp;
let server: InsecureServer;
/** On a name below localhost, and on one that isn't secure; each with a twin that has no ingress. */
let secure: Share;
let secureOnly: Share;
let insecure: Share;
let insecureOnly: Share;

beforeAll(async () => {
  app = await startPlainApp();
  server = await startInsecureServer();
  secure = await Share.start(app.port);
  secureOnly = await Share.start(app.port, ['--ingress', 'off']);
  insecure = await Share.start(app.port, [...server.address, '--ingress', 'open']);
  insecureOnly = await Share.start(app.port, [...server.address, '--ingress', 'off']);
});

afterAll(async () => {
  await Promise.all([secure, secureOnly, insecure, insecureOnly].map((share) => share.stop()));
  await server.stop();
  await app.close();
});

afterEach(() => {
  app.plain.length = 0;
  app.other.length = 0;
});

/** Has the text of whatever page is the app's: the tab itself, or a frame of it. */
async function shows(page: Page, text: string): Promise<Frame> {
  return eventually(
    `a page with “${text}”`,
    async () => {
      for (const frame of page.frames()) {
        const shown = await frame.evaluate(() => document.body.innerText);
        if (shown.includes(text)) return frame;
      }
      return undefined;
    },
    30_000,
  );
}

/** A page that is asked for ahead, before its tunnel is given up: the request may come when its test is over. */
const AHEAD = '/ahead';
const otherOnes = (): string[] => app.other.filter((target) => target !== AHEAD);

/** What the pill or a page of ours says, in whatever shadow it says it. */
function said(page: Page): Promise<string> {
  return page.evaluate(() => {
    const texts = [...document.querySelectorAll('*')].map(
      ({ shadowRoot }) => shadowRoot?.textContent ?? '',
    );
    return [document.body.innerText, ...texts].join(' ');
  });
}

async function native(page: Page): Promise<Record<string, unknown>> {
  await page.goto(`http://localhost:${app.port}/`);
  return page.evaluate(probePlainWeb);
}

describe.each<BrowserName>(['chromium', 'firefox'])('in %s without service workers', (name) => {
  let browser: Browser;
  let expected: Record<string, unknown>;

  beforeAll(async () => {
    browser = await launchInsecure(name, { 'dom.serviceWorkers.enabled': false });
    expected = await native(await browser.newPage());
    expect(app.plain).toEqual([]);
    app.other.length = 0;
  });
  afterAll(() => release(browser));

  async function open(url: string, context = browser.defaultBrowserContext()): Promise<Page> {
    const page = await context.newPage();
    // Chromium has no switch for it; it refuses so where cookies are blocked.
    await page.evaluateOnNewDocument(() => {
      const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
      if (serviceWorker === undefined) return;
      serviceWorker.register = () => Promise.reject(new DOMException('refused', 'SecurityError'));
    });
    await page.goto(url);
    return page;
  }

  test('the app is shown by way of the server, and the page says so', async () => {
    const page = await open(secure.ready.url);
    const errors = watchErrors(page);
    const frame = await shows(page, 'start page');
    expect(await frame.evaluate(probePlainWeb)).toEqual(expected);
    await eventually('the pill', async () => (await said(page)).includes('Through the server'));
    expect(await status(page)).toMatchObject({ mode: 'offline', webrtcConnections: 0 });
    await frame.evaluate(() => document.querySelector<HTMLElement>('#next')?.click());
    const next = await shows(page, 'next page');
    await eventually('the URL', () => page.url() === `${secure.origin}/next`);
    await eventually('the title', async () => (await page.title()) === 'Next');
    await next.evaluate(() => document.querySelector('button')?.click());
    await shows(page, 'POST done');
    // The first page may have been asked for ahead, before the refusal.
    expect(app.other.filter((target) => target !== '/')).toEqual([]);
    expect(app.plain).toContain('/socket');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('without the key in the link it is not shown, and the page says what is missing', async () => {
    const context = await browser.createBrowserContext();
    const page = await open(`${secure.origin}/`, context);
    await eventually('the reason', async () => (await said(page)).includes('link is not complete'));
    expect([...app.plain, ...app.other]).toEqual([]);
    await context.close();
  });

  test('a session without that way says why it is not shown', async () => {
    const page = await open(secureOnly.ready.url.replace('/#', `${AHEAD}#`));
    await eventually('the reason', async () =>
      (await said(page)).includes('can’t open the session'),
    );
    expect(app.plain).toEqual([]);
    await page.close();
  });

  test('a server without TLS shows the app itself', async () => {
    const page = await open(insecure.ready.url);
    const frame = await shows(page, 'start page');
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    expect(frame).toBe(page.mainFrame());
    expect(await frame.evaluate(probePlainWeb)).toEqual(expected);
    expect(otherOnes()).toEqual([]);
    await page.close();
  });

  test('and says why it does not where the developer allows no plain HTTP', async () => {
    const page = await open(insecureOnly.ready.url);
    await shows(page, 'This session takes no plain requests');
    await shows(page, 'by https and on localhost only');
    expect([...app.plain, ...otherOnes()]).toEqual([]);
    await page.close();
  });
});
