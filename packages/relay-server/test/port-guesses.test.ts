import { expect, test } from '@jest/globals';
import { create, IceCandidate, newLinkId, Offer } from '@wingman/protocol';
import { Attempt, type AttemptOptions } from '../src/tunnel/p2p-host.js';
import { nextPorts } from '../src/tunnel/webrtc/port-guesses.js';
import type { PeerHandlers } from '../src/tunnel/webrtc/webrtc-adapter.js';
import { FakeClock } from './support/fake-clock.js';

const SEEN = (port: number): string =>
  `candidate:1 1 UDP 1685987071 203.0.113.5 ${port} typ srflx raddr 0.0.0.0 rport 0`;

const portsOf = (lines: readonly string[]): number[] =>
  lines.map((line) => Number(line.split(' ')[5]));

test('the ports behind the one that STUN has seen are guessed', () => {
  const guesses = nextPorts(SEEN(40_000));
  expect(portsOf(guesses)).toEqual([
    40_001, 40_002, 40_003, 40_004, 40_005, 40_006, 40_007, 40_008,
  ]);
  expect(guesses[0]).toBe(
    'candidate:guess 1 UDP 1685987071 203.0.113.5 40001 typ srflx raddr 0.0.0.0 rport 0',
  );
});

test('there is no port behind the last one', () => {
  expect(portsOf(nextPorts(SEEN(65_533)))).toEqual([65_534, 65_535]);
});

test.each([
  'candidate:1 1 UDP 2122 192.168.1.5 50000 typ host',
  'candidate:1 1 UDP 1685 2001:db8::1 50000 typ srflx raddr :: rport 0',
  'candidate:1 1 TCP 1685 203.0.113.5 9 typ srflx tcptype active raddr 0.0.0.0 rport 0',
  'candidate:1 1 UDP 100 203.0.113.5 50000 typ relay raddr 0.0.0.0 rport 0',
  '',
])('nothing is guessed for %j', (line) => {
  expect(nextPorts(line)).toEqual([]);
});

/** What an attempt gives its engine and the viewer, of one address that each end has been seen at. */
function candidatesOf(number: number): { given: string[]; told: string[] } {
  const given: string[] = [];
  const told: string[] = [];
  let handlers: PeerHandlers | undefined;
  const peer = {
    addCandidate: ({ candidate }: { candidate: string }) => given.push(candidate),
    close: () => undefined,
  };
  const options = {
    engine: { createPeer: (_servers: unknown, taken: PeerHandlers) => ((handlers = taken), peer) },
    clock: new FakeClock(),
    timeoutMs: 1_000,
    iceServers: () => [],
    send: ({ value }: { value: { candidate: string } }) => told.push(value.candidate),
  };
  // Of an engine and its options an attempt needs no more until its peer has described itself.
  const attempt = new Attempt(
    create(Offer, { linkId: newLinkId(), attempt: number }),
    options as unknown as AttemptOptions,
    () => undefined,
  );
  attempt.addCandidate(create(IceCandidate, { candidate: SEEN(1_000) }).candidate, '0');
  handlers?.candidate({ candidate: SEEN(2_000), mid: '0' });
  attempt.close();
  return { given, told };
}

test('a first attempt guesses nothing', () => {
  expect(candidatesOf(1)).toEqual({ given: [SEEN(1_000)], told: [SEEN(2_000)] });
});

test('the next one guesses ports of both ends', () => {
  const { given, told } = candidatesOf(2);
  expect(given).toEqual([SEEN(1_000), ...nextPorts(SEEN(1_000))]);
  expect(told).toEqual([SEEN(2_000), ...nextPorts(SEEN(2_000))]);
});
