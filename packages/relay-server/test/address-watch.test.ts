import { expect, test } from '@jest/globals';
import { HOST_LIMITS } from '../src/limits.js';
import { listAddresses, watchAddresses } from '../src/tunnel/address-watch.js';
import { FakeClock } from './support/fake-clock.js';

function setUp() {
  const clock = new FakeClock();
  const machine = { addresses: ['127.0.0.1', '192.0.2.1'] };
  const told: (readonly string[])[] = [];
  const list = (): string[] => [...machine.addresses];
  const stop = watchAddresses(clock, (addresses) => told.push(addresses), list);
  const look = (): void => clock.advance(HOST_LIMITS.addressLookMs);
  return { clock, machine, told, stop, look };
}

test('an address that comes, goes or is replaced is told once', () => {
  const { machine, told, look } = setUp();
  const states = [['127.0.0.1'], ['127.0.0.1', '192.0.2.2'], ['127.0.0.1', '192.0.2.3']];
  for (const addresses of states) {
    machine.addresses = addresses;
    look();
    look();
  }
  expect(told).toEqual(states);
});

test('another order of the same is no change', () => {
  const { machine, told, look } = setUp();
  machine.addresses.reverse();
  look();
  expect(told).toEqual([]);
});

test('a watch that has ended looks no more', () => {
  const { clock, machine, told, stop, look } = setUp();
  stop();
  machine.addresses = [];
  look();
  expect([told, clock.pending]).toEqual([[], []]);
});

test('the addresses of this machine have the loopback among them', () => {
  expect(listAddresses()).toContain('127.0.0.1');
});
