import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setMaxListeners } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { residentBytes } from '../../support/memory.js';
import { eventually, Share, startServer, type Program } from '../../support/processes.js';
import { RelayViewer } from '../../support/relay-viewer.js';
import { timed } from '../../support/scheduling.js';

const MIB = 1024 * 1024;
/** The ingress takes 512 exchanges of a session at once. */
const ATTACKERS = 600;
const REFUSED = ATTACKERS - 512;

let app: FixtureApp;
let server: { program: Program; url: string };
let share: Share;
let neighbour: Share;

beforeAll(async () => {
  app = await startFixtureApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url, '--no-p2p', '--ingress', 'open']);
  neighbour = await Share.start(app.port, [
    '--server',
    server.url,
    '--no-p2p',
    '--ingress',
    'open',
  ]);
});

afterAll(async () => {
  await share.stop();
  await neighbour.stop();
  await server.program.stop();
  await app.close();
});

/** Somebody who knows the host name and nothing else, and keeps what is opened. */
class Attacker {
  readonly refusals: string[] = [];
  readonly #sent: ClientRequest[] = [];

  ask(method: string, path: string): void {
    const { host, port } = new URL(share.origin);
    const options = { host: '127.0.0.1', port, path, method, agent: false, headers: { host } };
    const sent = httpRequest(options);
    sent.on('error', () => undefined);
    sent.on('response', (response: IncomingMessage) => {
      const { statusCode, headers } = response.resume();
      if (statusCode !== 200)
        this.refusals.push(`${statusCode} ${String(headers['wingman-error'])}`);
    });
    if (method === 'GET') sent.end();
    else sent.write('x');
    this.#sent.push(sent);
  }

  leave(): void {
    for (const sent of this.#sent) sent.destroy();
  }
}

/** Everybody with a right to it is served at once. */
async function expectUndisturbed(viewers: readonly RelayViewer[]): Promise<void> {
  for (let round = 0; round < 10; round++) {
    for (const viewer of viewers) {
      const pids = [server.program.pid, share.pid, neighbour.pid];
      const { result, milliseconds } = await timed(pids, () => viewer.get('/'));
      const { status, text } = result;
      expect([status, text.includes('plain app page')]).toEqual([200, true]);
      expect(milliseconds).toBeLessThan(3_000);
    }
  }
}

test.each([
  ['GET', '/held', 'long polls'],
  ['POST', '/hash', 'uploads that stop after a byte'],
])(
  `${ATTACKERS} %s %s by the ingress (%s) keep neither a viewer nor another session waiting`,
  async (method, path) => {
    const viewers = await Promise.all([share, neighbour].map((each) => RelayViewer.join(each)));
    await expectUndisturbed(viewers);
    const before = residentBytes(share.pid) + residentBytes(server.program.pid);
    const asked = app.requests.length;
    const attacker = new Attacker();
    for (let index = 0; index < ATTACKERS; index++) attacker.ask(method, path);
    await eventually('the ingress is full', () => attacker.refusals.length === REFUSED);
    expect(new Set(attacker.refusals)).toEqual(new Set(['503 LIMIT_EXCEEDED']));
    await eventually('some have reached the app', () => app.requests.length - asked >= 64);
    await expectUndisturbed(viewers);
    expect(attacker.refusals).toHaveLength(REFUSED);
    const now = (): number => residentBytes(share.pid) + residentBytes(server.program.pid);
    await eventually('what was collected is given back', () => now() - before < 128 * MIB);
    attacker.leave();
    await eventually('the app has nothing open', () => app.openRequests() === 0);
    // Those that have not got as far as the app leave by themselves.
    await eventually('a place is free', async () => (await get(share.origin, '/')).status === 200);
    for (const viewer of viewers) viewer.close();
  },
  120_000,
);

test('a tab with 200 event streams keeps neither itself nor another tab waiting', async () => {
  const [tab, other] = await Promise.all([RelayViewer.join(share), RelayViewer.join(share)]);
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const streams = await Promise.all(
    Array.from({ length: 200 }, () => tab.open('/endless', abort.signal)),
  );
  expect(new Set(streams.map(({ head }) => head.status))).toEqual(new Set([200]));
  await expectUndisturbed([tab, other]);
  abort.abort();
  await eventually('the streams have ended', () => app.openRequests() === 0);
  tab.close();
  other.close();
}, 120_000);
