import { expect, test } from '@jest/globals';
import { PATH_FAULT_WORDS, pathFault, type PathSights } from '../src/signaling/path-fault.js';

const INNER = 'candidate:1 1 UDP 2122260223 10.0.0.2 50000 typ host';
const HIDDEN = 'candidate:1 1 UDP 2122260223 1f4712db.local 50000 typ host generation 0';
const OUTER = 'candidate:2 1 UDP 1686052607 192.0.2.7 50000 typ srflx raddr 0.0.0.0 rport 0';
const PUBLIC = 'candidate:4 1 UDP 2122260223 203.0.113.4 50000 typ host';
const TURNED = 'candidate:3 1 UDP 41885695 192.0.2.9 49152 typ relay';

const NOTHING: PathSights = {
  ...{ viewer: [HIDDEN, OUTER], host: [INNER, OUTER] },
  ...{ isAnswered: true, isConnected: false, hasStun: true },
};

test.each<[string, Partial<PathSights>, string]>([
  ['an offer without an answer', { isAnswered: false, host: [] }, 'no-answer'],
  ['a viewer without an address', { viewer: [] }, 'no-candidates'],
  ['a host without an address', { host: [] }, 'no-candidates'],
  ['STUN unanswered at the viewer', { viewer: [HIDDEN] }, 'viewer-udp'],
  ['STUN unanswered at the host', { host: [INNER] }, 'host-udp'],
  ['STUN unanswered at both', { viewer: [HIDDEN], host: [INNER] }, 'udp'],
  ['outer addresses that do not meet', {}, 'nat'],
  ['an address at a TURN server that led nowhere', { viewer: [TURNED] }, 'turn'],
  ['packets that pass one way by a TURN server', { viewer: [TURNED], isConnected: true }, 'turn'],
  [
    'an offer without an answer beside a TURN server',
    { viewer: [TURNED], isAnswered: false },
    'no-answer',
  ],
  ['a channel that does not open although packets pass', { isConnected: true }, 'dtls'],
  ['a machine with a public address of its own', { host: [PUBLIC] }, 'nat'],
  ['no STUN server', { hasStun: false, viewer: [HIDDEN], host: [INNER] }, 'lan'],
])('%s: %j', (_, seen, expected) => {
  const fault = pathFault({ ...NOTHING, ...seen });
  expect(fault).toBe(expected);
  expect(PATH_FAULT_WORDS[fault]).toMatch(/^[A-Z].*\.$/);
});
