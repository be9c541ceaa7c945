import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import { appShows, launch, release, statusWhere, watchErrors } from '../support/browser.js';
import { Share, startServer } from '../support/processes.js';
import { startTlsProxy, type TlsProxy } from '../support/tls-proxy.js';
import { startViteExample, type ViteExample } from '../support/vite-example.js';

let example: ViteExample;
let proxy: TlsProxy;
let server: Awaited<ReturnType<typeof startServer>>;
let share: Share;
let browser: Browser;

beforeAll(async () => {
  proxy = await startTlsProxy();
  example = await startViteExample();
  const publicUrl = `https://localhost:${proxy.port}`;
  server = await startServer(['--public-url', publicUrl]);
  proxy.forwardTo(server.port);
  share = await Share.start(example.port, ['--server', publicUrl], {
    NODE_EXTRA_CA_CERTS: proxy.certificate,
  });
  browser = await launch('chromium', ['--ignore-certificate-errors']);
});

afterAll(async () => {
  await release(browser);
  await share.stop();
  await server.program.stop();
  await example.stop();
  await proxy.close();
});

test('behind a proxy that ends TLS, the app renders by https and goes direct', async () => {
  expect(share.ready.url).toMatch(/^https:/);
  const page = await browser.newPage();
  const errors = watchErrors(page);
  await page.goto(share.ready.url);
  await appShows(page, 'Get started');
  await statusWhere(page, 'p2p', ({ mode }) => mode === 'p2p');
  expect(await page.evaluate(() => [location.protocol, isSecureContext])).toEqual(['https:', true]);
  expect(errors).toEqual([]);
});
