import { expect, test } from '@jest/globals';
import { bindingOf } from '../src/tunnel/webrtc/negotiation.js';

const ONE = 'v=0\r\na=fingerprint:sha-256 ab:cd\r\n';
const OTHER = 'v=0\r\na=fingerprint:SHA-256 00:11\r\n';

test('both ends are bound by their fingerprints', () => {
  expect(bindingOf(ONE, OTHER)).toEqual({ initiator: 'sha-256 AB:CD', responder: 'sha-256 00:11' });
});

test.each([
  ['an offer with two certificates', ONE + OTHER, OTHER],
  ['an answer with two certificates', ONE, OTHER + ONE],
  ['an offer without one', 'v=0\r\n', OTHER],
  ['no answer yet', ONE, undefined],
])('%s binds nothing', (_, offer, answer) => {
  expect(() => bindingOf(offer, answer)).toThrow(
    expect.objectContaining({ code: 'HANDSHAKE_FAILED' }),
  );
});
