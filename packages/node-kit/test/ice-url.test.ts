import { expect, test } from '@jest/globals';
import { parseIceUrl } from '../src/ice-url.js';

test.each([
  ['stun:stun.example.org', 'stun', 'stun.example.org', 3478, 'udp'],
  ['stun:192.0.2.7:19302', 'stun', '192.0.2.7', 19302, 'udp'],
  ['STUN:a.example', 'stun', 'a.example', 3478, 'udp'],
  ['stuns:a.example', 'stuns', 'a.example', 5349, 'udp'],
  ['turn:a.example', 'turn', 'a.example', 3478, 'udp'],
  ['turn:a.example:80?transport=tcp', 'turn', 'a.example', 80, 'tcp'],
  ['turns:a.example?transport=udp', 'turns', 'a.example', 5349, 'udp'],
  ['turn:[2001:db8::1]:443?transport=TCP', 'turn', '[2001:db8::1]', 443, 'tcp'],
])('%s', (text, scheme, hostname, port, transport) => {
  expect(parseIceUrl(text)).toEqual({ scheme, hostname, port, transport });
});

test.each([
  '',
  'a.example',
  'http://a.example',
  'stun:',
  'stun:a b',
  'stun://a.example',
  'stun:a.example:port',
  'stun:a.example,stun:b.example',
  'stun:a.example/path',
  'turn:a.example?transport=sctp',
  'turn:a.example?x=1',
  'stun:[::1',
  'xstun:a.example',
  'constructor:a.example',
])('%j is no such address', (text) => {
  expect(parseIceUrl(text)).toBeUndefined();
});
