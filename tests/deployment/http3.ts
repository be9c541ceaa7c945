import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { CHROMIUM } from '../support/browser-settings.mjs';
import { eventually } from '../support/program.js';
import type { Share } from '../support/share.js';

/** How a document and what it has loaded have come, by how often. */
type Ways = Readonly<Record<string, number>>;

/**
 * Opens a session in Chromium, which may use nothing but HTTP/3 for its host and takes the certificates that this one has
 * signed; returns once the app shows.
 */
export async function overHttp3(share: Share, signer: string): Promise<string> {
  const { host } = new URL(share.origin);
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM.executablePath,
    args: [
      ...CHROMIUM.args.filter((argument) => argument !== '--disable-quic'),
      '--enable-quic',
      `--origin-to-force-quic-on=${host}`,
      `--ignore-certificate-errors-spki-list=${fingerprint(signer)}`,
    ],
  });
  try {
    const page = await browser.newPage();
    await page.goto(share.ready.url);
    await eventually('the app shows', async () => {
      const texts = page.frames().map((frame) => frame.evaluate(() => document.body.textContent));
      return (await Promise.all(texts)).join().includes('plain app page');
    });
    const ways = await page.evaluate(countWays);
    if (Object.keys(ways).join() !== 'h3')
      throw new Error(`not by h3 alone: ${JSON.stringify(ways)}`);
    return 'a session opens in Chromium over HTTP/3 (its WebSockets over TCP), and the app shows';
  } finally {
    await browser.close();
  }
}

/** Runs in the page. What a service worker answers has no protocol. */
function countWays(): Ways {
  const ways: Record<string, number> = {};
  const entries = [
    ...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource'),
  ] as PerformanceResourceTiming[];
  for (const { name, nextHopProtocol } of entries) {
    if (!name.startsWith('http') || nextHopProtocol === '') continue;
    ways[nextHopProtocol] = (ways[nextHopProtocol] ?? 0) + 1;
  }
  return ways;
}

/** As `--ignore-certificate-errors-spki-list` takes it. */
function fingerprint(certificate: string): string {
  const { publicKey } = new X509Certificate(readFileSync(certificate));
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64');
}
