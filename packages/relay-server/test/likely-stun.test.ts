import { expect, test } from '@jest/globals';
import { withLikelyStun } from '../src/tunnel/webrtc/negotiation.js';

const NAME = 'stun:tunnel.example.org:3478';
const [V4, V6] = ['stun:203.0.113.1:3478', 'stun:[2001:db8::1]:3478'];
const [HERE, HERE_6] = ['stun:127.0.0.1:8787', 'stun:[::1]:8787'];
const OWN = ['127.0.0.1', '::1', '192.168.1.5', '2001:db8::5'];
const TURN = 'turn:turn.example.org:3478';

test.each([
  ['a name goes before addresses', [NAME, V4, V6], [NAME]],
  ['addresses go before loopback, those of IPv4 first', [HERE, V4, V6], [V4]],
  ['an address of IPv6 is used where there is no other', [HERE, V6], [V6]],
  ['loopback is used where there is nothing else', [HERE, HERE_6], [HERE, HERE_6]],
  ['TURN stays whatever STUN there is', [HERE, TURN, NAME], [TURN, NAME]],
  ['TURN alone stays', [TURN], [TURN]],
])('of what an engine asks, %s', (_, urls, expected) => {
  const credentials = { username: 'u', credential: 'c' };
  expect(withLikelyStun([{ urls, ...credentials }], OWN)).toEqual([
    { urls: expected, ...credentials },
  ]);
  const apart = withLikelyStun(
    urls.map((url) => ({ urls: [url], ...credentials })),
    OWN,
  );
  expect(apart.flatMap((server) => server.urls)).toEqual(expected);
});

test('a machine without IPv4 asks at the address of IPv6', () => {
  const credentials = { username: '', credential: '' };
  const asked = withLikelyStun([{ urls: [V4, V6], ...credentials }], ['127.0.0.1', '2001:db8::5']);
  expect(asked.flatMap(({ urls }) => urls)).toEqual([V6]);
});
