import { parseIceUrl } from '../../../packages/node-kit/src/ice-url.js';
import { fingerprintOf } from '../../../packages/protocol/src/seal/binding.js';
import type { Target } from '../target.js';
import { same } from './property.js';

const LINE = /(?:^|[\n\r\u2028\u2029])a=fingerprint:/i;

/** Session descriptions, whose fingerprints the handshake binds; the first line is an ICE server's address. */
export const sdp: Target = {
  name: 'sdp',
  words: [
    'a=fingerprint:',
    'sha-256 ',
    'AB:CD',
    ':',
    '\r\n',
    'm=application',
    'stun:',
    'turns:',
    '?transport=tcp',
  ],
  run(input) {
    const text = Buffer.from(input).toString('utf8');
    parseIceUrl(text.split('\n', 1)[0] ?? '');
    const fingerprint = fingerprintOf(text);
    if (fingerprint === undefined) return;
    same('there is a line of it', LINE.test(text), true);
    same('it has one spelling', fingerprintOf(`a=fingerprint:${fingerprint}`), fingerprint);
    same('a second one is noticed', fingerprintOf(`${text}\na=fingerprint:sha-256 00`), undefined);
  },
};
