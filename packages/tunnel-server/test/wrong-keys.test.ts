import { expect, test } from '@jest/globals';
import { newLinkId } from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { WrongKeys } from '../src/sessions/wrong-keys.js';
import { ClientSocket } from './support/client-socket.js';
import { FakeClock } from './support/fake-clock.js';
import { startSession } from './support/server.js';

function start() {
  const clock = new FakeClock();
  const told: string[] = [];
  return { clock, told, keys: new WrongKeys(clock, (address) => told.push(address)) };
}

test('an address that never ceases is told once, and again when it comes back later', () => {
  const { clock, told, keys } = start();
  for (let tries = 0; tries < 1000; tries += 1) {
    keys.met('192.0.2.7');
    clock.advance(5_000);
  }
  expect(told).toEqual(['192.0.2.7']);
  clock.advance(SERVER_LIMITS.wrongKeyQuietMs);
  keys.met('192.0.2.7');
  expect(told).toEqual(['192.0.2.7', '192.0.2.7']);
});

test('many addresses are told a few at once, and then one a minute', () => {
  const { clock, told, keys } = start();
  for (let address = 0; address < 600; address += 1) {
    keys.met(`192.0.2.${address}`);
    clock.advance(1_000);
  }
  expect(told.length).toBeGreaterThanOrEqual(SERVER_LIMITS.wrongKeyBurst + 9);
  expect(told.length).toBeLessThanOrEqual(SERVER_LIMITS.wrongKeyBurst + 10);
});

test('one that there was no room for is told at a later try', () => {
  const { clock, told, keys } = start();
  for (const address of ['a', 'b', 'c', 'd']) keys.met(address);
  expect(told).not.toContain('d');
  clock.advance(61_000);
  keys.met('d');
  expect(told.at(-1)).toBe('d');
});

test('the host hears once of a tab that knocks at every door with a wrong key', async () => {
  const { host } = await startSession();
  for (const door of ['signal', 'relay', 'signal'] as const) {
    const path = host.doorPath(door, newLinkId()).replace(/pass=.*/, 'pass=AAAA');
    await (
      await ClientSocket.open(host.port, host.name, path)
    ).closed;
  }
  const right = host.doorPath('signal', newLinkId());
  const known = await ClientSocket.open(host.port, host.name, right);
  await known.messages.next();
  const heard = host.received.drain().filter((message) => message?.$case === 'wrongKey');
  expect(heard).toEqual([{ $case: 'wrongKey', value: { clientAddress: '127.0.0.1' } }]);
});
