// How many round trips to the tunnel server it takes from opening the URL, with nothing cached, to the app's first byte over the relay.
// Viewer and server are in network namespaces of their own, joined by a link with delay: real TCP, handshakes and slow start included.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appFrame, chromium } from '../lib/browser.mjs';
import { ROOT, app, share, start } from '../lib/programs.mjs';
import { median, round, spread } from '../lib/stats.mjs';

const VIEWER = 'wingman-viewer';
const SERVER = 'wingman-server';
const SERVER_ADDRESS = '10.77.0.2';
const PORT = 8787;
const DOMAIN = 'bench.test';
const RTT_MS = 300;

const ip = (...args) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const inside = (namespace) => ['ip', 'netns', 'exec', namespace];

function makeNamespaces() {
  for (const namespace of [VIEWER, SERVER]) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
}

function removeNamespaces() {
  for (const namespace of [VIEWER, SERVER]) {
    try {
      ip('netns', 'del', namespace);
    } catch {
      // It was never made.
    }
  }
}

/** The browser in the viewer's namespace. Its names resolve to the server, and count as secure as HTTPS would. */
function viewerBrowser(scratch, origin) {
  const wrapper = join(scratch, 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\nexec ${inside(VIEWER).join(' ')} /usr/bin/chromium "$@"\n`);
  chmodSync(wrapper, 0o755);
  return chromium({
    executablePath: wrapper,
    args: [
      `--host-resolver-rules=MAP *.${DOMAIN} ${SERVER_ADDRESS}`,
      `--unsafely-treat-insecure-origin-as-secure=${origin}`,
    ],
  });
}

/** Milliseconds from the start of the navigation to the first byte of the app's document. */
async function openOnce(scratch, url) {
  const browser = await viewerBrowser(scratch, new URL(url).origin);
  try {
    const page = await browser.newPage();
    await page.goto(url);
    const frame = await appFrame(page);
    const top = await page.evaluate(() => performance.timeOrigin);
    const app = await frame.evaluate(
      () => performance.timeOrigin + performance.getEntriesByType('navigation')[0].responseStart,
    );
    const { bytes } = await page.evaluate(() => window.wingman.status());
    if (bytes.relay.in === 0) throw new Error('the relay carried nothing');
    return app - top;
  } finally {
    await browser.close();
  }
}

async function measure(scratch, url, rttMs, runs) {
  const link = await start(
    'python3',
    [
      join(ROOT, 'tests/lab/delay-link.py'),
      VIEWER,
      '10.77.0.1',
      SERVER,
      SERVER_ADDRESS,
      String(rttMs / 2),
    ],
    (line) => (line === 'ready' ? true : undefined),
  );
  const times = [];
  for (let run = 0; run < runs; run += 1) times.push(await openOnce(scratch, url));
  await link.stop();
  return times;
}

export async function firstByte(runs) {
  const scratch = mkdtempSync(join(tmpdir(), 'wingman-bench-'));
  removeNamespaces();
  makeNamespaces();
  const local = await app(inside(SERVER));
  const server = await start(
    'ip',
    [
      ...inside(SERVER).slice(1),
      process.execPath,
      join(ROOT, 'packages/relay-server/bin/wingman.js'),
      ...['server', '--host', '0.0.0.0', '--port', String(PORT), '--domain', DOMAIN],
      '--open-registration',
    ],
    (line) => (line.includes('Tunnel server:') ? true : undefined),
    { LOG_LEVEL: 'error', TUNNEL_PUBLIC_URL: `http://${DOMAIN}:${PORT}` },
  );
  const session = await share(
    local.value,
    ['--no-p2p', '--server', `http://127.0.0.1:${PORT}`],
    inside(SERVER),
  );
  try {
    const near = await measure(scratch, session.value.url, 0, runs);
    const far = await measure(scratch, session.value.url, RTT_MS, runs);
    const trips = (median(far) - median(near)) / RTT_MS;
    return [
      {
        figure: 'first app byte over the relay, cold, in round trips',
        value: round(trips),
        target: '<= 4',
        met: trips <= 4.05,
        detail: `${spread(far, 0)} ms at ${RTT_MS} ms RTT (${round(median(far) / RTT_MS)} in all), less ${spread(near, 0)} ms of work without delay`,
      },
    ];
  } finally {
    await session.stop();
    await server.stop();
    await local.stop();
    removeNamespaces();
    rmSync(scratch, { recursive: true, force: true });
  }
}
