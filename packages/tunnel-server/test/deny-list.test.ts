import { expect, test } from '@jest/globals';
import { ConfigError } from '@wingman/node-kit';
import { newLinkId } from '@wingman/protocol';
import { writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { SERVER_LIMITS } from '../src/limits.js';
import { DenyList } from '../src/operator/deny-list.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { createKeys, FakeHost } from './support/fake-host.js';
import { fetchWhole } from './support/http.js';
import { listFile } from './support/list-file.js';
import { startServer } from './support/server.js';

const NAME = 'my-app-abcdefghijklmnop';
const logger = pino({ level: 'silent' });

const listOf = (text: string): DenyList =>
  new DenyList(listFile(text), { clock: new FakeClock(), logger });

const from = (address: string) => ({ 'x-forwarded-for': address });

test.each([
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['198.51.100.200', true],
  ['2001:db8:1::5', true],
  ['2001:db8:2::5', false],
  ['::ffff:192.0.2.7', true],
  ['no address', false],
])('the address %s: %s', (address, isDenied) => {
  const list = listOf('192.0.2.7 # one\n198.51.100.0/24\n2001:db8:1::/48\n');
  expect(list.deniesAddress(address)).toBe(isDenied);
});

test('a name is denied as a whole', () => {
  const list = listOf(`${NAME}\n`);
  const names = [NAME, 'abcdefghijklmnop', `x${NAME}`];
  expect(names.map((name) => list.deniesName(name))).toEqual([true, false, false]);
});

test('a denied name is denied with its other ports, and a port’s alone', () => {
  expect(listOf(`${NAME}\n`).deniesName(`${NAME}-8080`)).toBe(true);
  const list = listOf(`${NAME}-8080\n`);
  expect([list.deniesName(`${NAME}-8080`), list.deniesName(NAME)]).toEqual([true, false]);
});

test('without a file nobody is denied', () => {
  const list = new DenyList(undefined, { clock: new FakeClock(), logger });
  expect([list.deniesName(NAME), list.deniesAddress('192.0.2.7')]).toEqual([false, false]);
});

test('what other nodes deny is denied beside the own list, until they say so no more', () => {
  let changes = 0;
  const changed = (): void => void (changes += 1);
  const path = listFile('192.0.2.7\n');
  const list = new DenyList(path, { clock: new FakeClock(), logger, changed });
  // A newer node may deny what this one has never heard of.
  list.alsoDeny([NAME, '198.51.100.0/24', 'country:xx']);
  expect([list.deniesName(`${NAME}-8080`), list.deniesAddress('198.51.100.9')]).toEqual([
    true,
    true,
  ]);
  expect([list.lines, changes]).toEqual([['192.0.2.7'], 1]);
  list.alsoDeny([]);
  const left = [list.deniesName(NAME), list.deniesAddress('198.51.100.9')];
  expect([...left, list.deniesAddress('192.0.2.7')]).toEqual([false, false, true]);
  list.close();
});

test.each(['my-app', '192.0.2.0/33', '192.0.2.0/x', '192.0.2.0/24/3', '2001:db8::/129', '1.2.3'])(
  'the line %j is a mistake',
  (line) => expect(() => listOf(`${line}\n`)).toThrow(ConfigError),
);

test('a session that gets onto the list ends at once, and does not come back', async () => {
  const path = listFile('');
  const clock = new FakeClock();
  const server = await startServer({ denyList: path }, clock);
  const keys = createKeys();
  const host = await FakeHost.start(server.port, { keys });
  const other = await FakeHost.start(server.port);
  expect((await fetchWhole(server.port, host.name, '/')).text).toBe('hello');
  writeFileSync(path, `${host.session}\n`);
  clock.advance(SERVER_LIMITS.listFileMs);
  const refusal = await host.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value.code).toBe('DENIED');
  expect((await fetchWhole(server.port, host.name, '/')).status).toBe(410);
  const again = await FakeHost.connect(server.port, { keys });
  await again.register();
  const second = await again.received.find((item) => item?.$case === 'refusal');
  expect(second.value.code).toBe('DENIED');
  expect((await fetchWhole(server.port, other.name, '/')).text).toBe('hello');
});

test('a denied address gets neither page nor socket, and registers nothing', async () => {
  const denyList = listFile('192.0.2.0/24\n');
  const server = await startServer({ denyList, trustProxy: true });
  const host = await FakeHost.start(server.port, { headers: from('198.51.100.1') });
  const page = await fetchWhole(server.port, host.name, '/', { headers: from('192.0.2.9') });
  expect([page.status, page.headers['wingman-error']]).toEqual([403, 'DENIED']);
  const opening = (address: string): Promise<ClientSocket> =>
    ClientSocket.open(server.port, host.name, host.doorPath('signal', newLinkId()), from(address));
  await expect(opening('192.0.2.9')).rejects.toThrow('status 403');
  expect((await opening('198.51.100.9')).socket.readyState).toBe(1);
  const denied = await FakeHost.connect(server.port, { headers: from('192.0.2.9') });
  await denied.register();
  const refusal = await denied.received.find((item) => item?.$case === 'refusal');
  expect(refusal.value.code).toBe('DENIED');
});
