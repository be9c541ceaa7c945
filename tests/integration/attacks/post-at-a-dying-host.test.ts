import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCuttableProxy, type CuttableProxy } from '../../support/cuttable-proxy.js';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { eventually, Share, startServer, within, type Program } from '../../support/processes.js';

// A host is killed once it has executed a POST of the ingress, unheard, and comes back under its name.

const DIAL = '/__wingman/dial';
const SIGNALING = '/__wingman/host';
/** So long a host that executes what it should not has time to do so. */
const TEMPTATION_MS = 1_500;
/** More than the waits for two hosts and an answer together. */
const DEADLINE_MS = 120_000;

let app: FixtureApp;
let server: { program: Program; url: string; port: number };
let proxy: CuttableProxy;
let configHome: string;
let share: Share;

beforeAll(async () => {
  configHome = mkdtempSync(join(tmpdir(), 'wingman-dying-host-'));
  app = await startFixtureApp();
  server = await startServer();
  proxy = await startCuttableProxy(() => server.port);
});

beforeEach(() => {
  app.requests.length = 0;
});

afterAll(async () => {
  await share.stop();
  await proxy.close();
  await server.program.stop();
  await app.close();
  rmSync(configHome, { recursive: true, force: true });
});

async function startHost(name: string): Promise<void> {
  const server = `http://localhost:${proxy.port}`;
  const args = ['--server', server, '--name', name, '--ingress', 'open'];
  share = await Share.start(app.port, args, { XDG_CONFIG_HOME: configHome });
}

/** SIGKILL, and again under the same name, by way of connections on which everything passes. */
async function killAndComeBack(name: string): Promise<void> {
  share.signal('SIGKILL');
  await share.exited;
  proxy.unmute();
  expect(proxy.reset(DIAL)).toBeGreaterThan(0);
  proxy.reset(SIGNALING);
  await startHost(name);
}

/** The status of a POST to `/echo`, and what the tunnel server calls its failure. */
function post(): Promise<[status: number | undefined, code: string | undefined]> {
  const { host } = new URL(share.origin);
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path: '/echo', method: 'POST' };
    const outgoing = request({ ...options, headers: { host }, agent: false }, (response) => {
      response.resume();
      const code = response.headers['wingman-error'];
      resolve([response.statusCode, [code].flat().join() || undefined]);
    });
    outgoing.on('error', reject).end('once');
  });
}

const dials = (): number => proxy.paths.filter((path) => path === DIAL).length;
const executed = (): number => app.requests.filter((line) => line === 'POST /echo').length;

test(
  'a host that has not been heard executes nothing, and its successor once',
  async () => {
    await startHost('unheard');
    proxy.mute(DIAL);
    const before = dials();
    const answer = post();
    await eventually("the ingress's dial-back", () => dials() > before);
    await eventually('an execution', () => executed() > 0, TEMPTATION_MS).catch(() => undefined);
    await killAndComeBack('unheard');
    expect(await within(20_000, 'the answer', answer)).toEqual([200, undefined]);
    expect(executed()).toBe(1);
    await share.stop();
  },
  DEADLINE_MS,
);

test(
  'what a host has executed is not sent to its successor, and fails',
  async () => {
    await startHost('heard');
    expect((await get(share.origin, '/')).status).toBe(200);
    proxy.mute(DIAL);
    const answer = post();
    await eventually('the execution', () => executed() > 0);
    await killAndComeBack('heard');
    expect(await within(20_000, 'the answer', answer)).toEqual([502, 'LINK_LOST']);
    expect(executed()).toBe(1);
    expect((await get(share.origin, '/')).status).toBe(200);
  },
  DEADLINE_MS,
);
