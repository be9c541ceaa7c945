import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { newLinkId } from '@wingman/protocol';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { SERVER_LIMITS } from '../src/limits.js';
import { AuditLog } from '../src/operator/audit-log.js';
import { abridged } from '../src/server.js';
import { FakeClock } from './support/fake-clock.js';
import { FakeHost } from './support/fake-host.js';
import { FakeViewer } from './support/fake-viewer.js';
import { until } from './support/inbox.js';
import { startServer } from './support/server.js';

const NAME = 'shop-a234567abcdefghj';
const SHOWN = 'shop-a234…';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wingman-audit-'));
  path = join(folder, 'audit.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

function linesIn(file = path): Record<string, unknown>[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('an audit log', () => {
  let told: string[] = [];
  const logger = pino({}, { write: (line: string) => void told.push(line) });
  const clock = new FakeClock();
  const opened = (file = path): AuditLog => new AuditLog({ path: file, clock, logger, abridged });

  beforeEach(() => {
    told = [];
  });

  test('has a line for each event, after those of before, for its owner alone', async () => {
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      const log = opened();
      log.note('host-registered', { session: NAME, address });
      await log.close();
    }
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown;
    const event = 'host-registered';
    expect(linesIn()).toEqual([
      { log: 'audit', time, event, session: SHOWN, address: '192.0.2.1' },
      { log: 'audit', time, event, session: SHOWN, address: '192.0.2.2' },
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('begins a new file where the old one was moved away', async () => {
    const log = opened();
    log.note('host-registered', { session: NAME });
    await until(() => linesIn().length === 1);
    renameSync(path, `${path}.1`);
    log.reopen();
    log.note('session-ended', { session: NAME, reason: 'stopped' });
    await until(() => statSync(path, { throwIfNoEntry: false }) !== undefined);
    await until(() => linesIn().length === 1);
    await log.close();
    expect(linesIn(`${path}.1`)).toMatchObject([{ event: 'host-registered' }]);
    expect(linesIn()).toMatchObject([{ event: 'session-ended', reason: 'stopped' }]);
  });

  test('counts the events of a flood, and says so once', async () => {
    const { auditBurst, auditPerSecond } = SERVER_LIMITS;
    const log = opened();
    for (let index = 0; index < auditBurst + 5; index++) log.note('host-refused', {});
    clock.advance(1000 / auditPerSecond + 1);
    log.note('host-registered', { session: NAME });
    await until(() => linesIn().length === auditBurst + 1);
    expect(linesIn().at(-1)).toMatchObject({ event: 'host-registered', missed: 5 });
    // The flood goes on, and the file takes a line now and then.
    for (let second = 0; second < 3; second++) {
      log.note('host-refused', {});
      clock.advance(1000 / auditPerSecond + 1);
      log.note('host-refused', {});
      await until(() => linesIn().length === auditBurst + 2 + second);
    }
    await log.close();
    expect(told).toHaveLength(1);
  });

  test('does not lose the count of what it left out with the line that has it', async () => {
    const { auditBurst, auditBytes } = SERVER_LIMITS;
    const log = opened();
    for (let index = 0; index < auditBurst + 5; index++) log.note('host-refused', {});
    clock.advance(1000);
    log.note('host-refused', { reason: 'x'.repeat(auditBytes) });
    log.note('session-ended', { session: NAME });
    await log.close();
    expect(linesIn().at(-1)).toMatchObject({ event: 'session-ended', missed: 6 });
    log.reopen();
  });

  test('that cannot be written is a mistake in the settings', () => {
    expect(() => opened(join(folder, 'none', 'audit.log'))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('the audit log'),
      }),
    );
  });
});

test('a server notes who registers, who is refused, who comes and goes, and how a session ends', async () => {
  const server = await startServer({ auditLog: path });
  const host = await FakeHost.start(server.port);
  const linkId = newLinkId();
  const viewer = await FakeViewer.join(host, linkId);
  await until(() => linesIn().length === 2);
  viewer.client.socket.close();
  await until(() => linesIn().length === 3);
  const stranger = await FakeHost.connect(server.port);
  await stranger.register({ signature: new Uint8Array(64) });
  await until(() => linesIn().length === 4);
  await server.close(0);
  const [session, address, shown] = [abridged(host.session), '127.0.0.1', linkId.slice(0, 8)];
  expect(linesIn()).toMatchObject([
    { event: 'host-registered', session, address },
    { event: 'viewer-connected', session, viewer: shown, address },
    { event: 'viewer-disconnected', session, viewer: shown, address },
    { event: 'host-refused', address, reason: 'REFUSED' },
    { event: 'session-ended', session, reason: 'shutdown' },
  ]);
  expect(readFileSync(path, 'utf8')).not.toContain(host.session);
});
