// `npm run bench:rivals`: the same cut of the network under several tunnels, while an app is in use.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Frame, Page } from 'puppeteer-core';
import { ADDRESS, Lab } from '../lab/network.js';
import { launch, statusWhere } from '../support/browser.js';
import { eventually, Program, ROOT, running } from '../support/program.js';
import { begin, look, type Seen } from './page.js';
import { TUNNELS, type Tunnel } from './tunnels.js';

const LAB = 'WINGMAN_RIVALS_LAB';
const MIB = 1024 * 1024;
const BYTES = 12 * MIB;
const RATE = 1 * MIB;
const CUT_AFTER_BYTES = 3 * MIB;
const CUT_MS = 500;
const END_MS = 60_000;
const START_MS = 60_000;
const DELAY_MS = 20;

const CUTS: Readonly<Record<string, string>> = {
  developer: ADDRESS.host,
  reviewer: ADDRESS.viewerOutside,
};

/** TCP is reset and all else dropped, both ways, as when a machine changes its network. */
const rulesOf = (address: string): string[] =>
  [`ip saddr ${address}`, `ip daddr ${address}`].flatMap((match) => [
    `${match} meta l4proto tcp counter reject with tcp reset`,
    `${match} counter drop`,
  ]);

async function appFrame(page: Page, tunnel: Tunnel): Promise<Frame> {
  await eventually('the tunnel', () => page.goto(tunnel.url).then(() => true), START_MS);
  const frame = await eventually('the app’s page', async () => {
    const found = tunnel.isFramed ? page.frames()[1] : page.mainFrame();
    const isThere = await found?.evaluate(() => document.body.innerText.includes('rival'));
    return isThere === true ? found : undefined;
  });
  const { path } = tunnel;
  if (path === undefined) return frame;
  await page.evaluate((choice) => {
    (window as unknown as { wingman: { prefer(path: string): void } }).wingman.prefer(choice);
  }, path);
  await statusWhere(page, path, ({ mode, relayConnected }) => mode === path && relayConnected);
  return frame;
}

async function cutWhile(lab: Lab, browser: Browser, tunnel: Tunnel, cut: string): Promise<Seen> {
  const page = await browser.newPage();
  try {
    const frame = await appFrame(page, tunnel);
    await begin(frame, BYTES, RATE);
    await eventually('a quarter', async () => (await look(frame)).bytes > CUT_AFTER_BYTES, END_MS);
    await lab.addRules(rulesOf(CUTS[cut] ?? ''));
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    const hits = await lab.hits();
    await lab.clearRules();
    if (hits === 0) throw new Error('the cut hit nothing');
    await eventually(
      'an end',
      async () => (await look(frame)).download !== undefined,
      END_MS,
    ).catch(() => undefined);
    return await look(frame);
  } finally {
    await page.close();
  }
}

function row(name: string, cut: string, seen: Seen): string {
  const share = Math.round((seen.bytes / BYTES) * 100);
  return [
    ...[name.padEnd(20), cut.padEnd(10), `${share} %`.padStart(8)],
    ...[(seen.download ?? 'stands still').slice(0, 32).padEnd(32), String(seen.closes).padStart(6)],
    ...[String(seen.failedPosts).padStart(6), String(seen.posts).padStart(6)],
  ].join('  ');
}

async function inLab(lab: Lab, name: string, cut: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'wingman-rivals-'));
  const command = [process.execPath, `${ROOT}tests/rivals/app.mjs`];
  const app = new Program(...lab.inside('host', command));
  const port = await app.find('the app', ([first]) =>
    first === undefined ? undefined : (JSON.parse(first) as { port: number }).port,
  );
  const localtunnel = process.env['WINGMAN_LOCALTUNNEL'] ?? '';
  const start = TUNNELS[name];
  if (start === undefined) throw new Error(`no tunnel ${name}`);
  const tunnel = await start({ lab, port, scratch, localtunnel });
  const browser = await launch('chromium');
  try {
    console.log(row(name, cut, await cutWhile(lab, browser, tunnel, cut)));
  } finally {
    await browser.close();
    await tunnel.stop();
    await app.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Each row has a tunnel of its own: not every one is there again after a cut. */
async function around(name: string, cut: string): Promise<void> {
  const lab = await Lab.create(DELAY_MS);
  try {
    const [command, args] = lab.inside('viewer', [process.execPath, ...process.argv.slice(1, 2)]);
    const env = { ...process.env, [LAB]: lab.name, WINGMAN_RIVAL: name, WINGMAN_CUT: cut };
    const child = spawn(command, args, { stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => child.kill(signal));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) console.log(`${name}, ${cut}: not measured`);
  } finally {
    await lab.remove();
  }
}

async function main(): Promise<void> {
  const lab = process.env[LAB];
  const { WINGMAN_RIVAL = '', WINGMAN_CUT = '' } = process.env;
  if (lab !== undefined) return inLab(Lab.existing(lab), WINGMAN_RIVAL, WINGMAN_CUT);
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root');
  const only = process.argv[2];
  const names = Object.keys(TUNNELS).filter((name) => only === undefined || name.includes(only));
  console.log('tunnel, whose network is cut, share of the download received, its end,');
  console.log('WebSockets closed, POSTs failed, POSTs answered');
  for (const name of names) {
    for (const cut of Object.keys(CUTS)) await around(name, cut);
  }
}

process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});
main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
