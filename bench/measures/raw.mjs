// The same bytes over a bare data channel and through the whole tunnel, in one Chromium, in turn.
import { join } from 'node:path';
import { appFrame, chromium, mode } from './lib/browser.mjs';
import * as inPage from './lib/in-page.mjs';
import { ROOT, app, share, start } from './lib/programs.mjs';
import { median, round, spread } from './lib/stats.mjs';
import { createInterface } from 'node:readline';

const SIZE = 32 * 1024 * 1024;
const ECHOES = 200;

async function rawPage(browser) {
  const peer = await start(
    process.execPath,
    [join(ROOT, 'bench/lib/raw-peer.mjs')],
    (line) => JSON.parse(line).ready,
  );
  const page = await browser.newPage();
  await page.goto('data:text/html,raw');
  await page.exposeFunction('toRawPeer', (line) => peer.child.stdin.write(`${line}\n`));
  createInterface({ input: peer.child.stdout }).on('line', (line) =>
    page.evaluate((text) => window.rawSignal(text), line),
  );
  await page.evaluate(inPage.connectRaw);
  return { page, stop: peer.stop };
}

/** The app as it is on localhost, under a service worker that does nothing but answer. */
async function barePage(browser, port) {
  const page = await browser.newPage();
  await page.goto(`http://localhost:${port}/`);
  await page.evaluate(inPage.becomeControlled);
  return page;
}

const mibPerSecond = (milliseconds) => SIZE / 1024 / 1024 / (milliseconds / 1000);

/** Median of the ratios of pairs, so that a drift of the machine's speed touches both sides alike. */
function paired(raw, tunnel) {
  return median(tunnel.map((value, index) => value / raw[index]));
}

/** Throws when the tunnel went another way than the direct one meanwhile: it would be measured against the wrong limit. */
function directOnly(before, after) {
  const carriedBy = after.bytes.p2p.in / (after.bytes.p2p.in + after.bytes.relay.in);
  if (after.switches === before.switches && carriedBy >= 0.99) return;
  const percent = round(carriedBy * 100, 1);
  const switches = after.switches - before.switches;
  throw new Error(`the direct path carried ${percent} %, with ${switches} switches between`);
}

async function measured(runs, browser, { raw, bare, url }) {
  const page = await browser.newPage();
  await page.goto(url);
  const frame = await appFrame(page);
  await mode(page, 'p2p');
  await page.evaluate(() => window.wingman.prefer('p2p'));
  const status = () => page.evaluate(() => window.wingman.status());
  const before = await status();
  const results = { rawDown: [], down: [], rawUp: [], up: [], rawEcho: [], echo: [], bareEcho: [] };
  for (let run = -1; run < runs; run += 1) {
    const round = {
      rawDown: mibPerSecond(await raw.evaluate(inPage.rawDownload, SIZE)),
      down: mibPerSecond(await frame.evaluate(inPage.tunnelDownload, SIZE)),
      rawUp: mibPerSecond(await raw.evaluate(inPage.rawUpload, SIZE)),
      up: mibPerSecond(await frame.evaluate(inPage.tunnelUpload, SIZE)),
      rawEcho: median(await raw.evaluate(inPage.rawEchoes, ECHOES)),
      echo: median(await frame.evaluate(inPage.postEchoes, ECHOES)),
      bareEcho: median(await bare.evaluate(inPage.postEchoes, ECHOES)),
    };
    // The first round warms both up.
    if (run >= 0) for (const [name, value] of Object.entries(round)) results[name].push(value);
  }
  directOnly(before, await status());
  return results;
}

function rows(results) {
  return [
    {
      figure: 'download, tunnel / raw channel',
      value: round(paired(results.rawDown, results.down)),
      target: '>= 0.85',
      met: paired(results.rawDown, results.down) >= 0.85,
      detail: `${spread(results.down, 1)} / ${spread(results.rawDown, 1)} MiB/s`,
    },
    {
      figure: 'upload, tunnel / raw channel',
      value: round(paired(results.rawUp, results.up)),
      target: '>= 0.85',
      met: paired(results.rawUp, results.up) >= 0.85,
      detail: `${spread(results.up, 1)} / ${spread(results.rawUp, 1)} MiB/s`,
    },
    {
      figure: 'echo of a small request, p50 above raw',
      value: `${round(median(results.echo) - median(results.rawEcho))} ms`,
      target: '<= 3 ms',
      met: median(results.echo) - median(results.rawEcho) <= 3,
      detail: `${spread(results.echo)} − ${spread(results.rawEcho)} ms; a bare service worker, no tunnel: ${spread(results.bareEcho)} ms`,
    },
  ];
}

export async function rawAgainstTunnel(runs) {
  const local = await app();
  const session = await share(local.value);
  const browser = await chromium();
  const raw = await rawPage(browser);
  try {
    const bare = await barePage(browser, local.value);
    const pages = { raw: raw.page, bare, url: session.value.url };
    return rows(await measured(runs, browser, pages));
  } finally {
    await browser.close();
    await Promise.all([raw.stop(), session.stop()]);
    await local.stop();
  }
}
