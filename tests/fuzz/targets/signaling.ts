import {
  decodeMessage,
  encodeMessage,
  HostMessage,
  ServerToHost,
  ServerToViewer,
  ViewerMessage,
} from '@wingman/protocol';
import type { Target } from '../target.js';
import { accepted, same } from './property.js';

// They have one shape for a fuzzer: an envelope with one message in it.
const ENVELOPES = [
  HostMessage,
  ServerToHost,
  ServerToViewer,
  ViewerMessage,
] as (typeof HostMessage)[];

/** What hosts, viewers and the server tell each other. The first byte says who. */
export const signaling: Target = {
  name: 'signaling',
  words: [
    '\x0a',
    '\x12',
    '\x1a',
    '\x22',
    '\x2a',
    '\x32',
    '\xff\xff\xff\xff\x0f',
    '0'.repeat(32),
    'v=0\r\n',
  ],
  run(input) {
    const type = ENVELOPES[(input[0] ?? 0) % ENVELOPES.length] ?? HostMessage;
    const message = accepted(['PROTOCOL_ERROR'], () => decodeMessage(type, input.subarray(1)));
    if (message === undefined) return;
    same('an envelope survives', decodeMessage(type, encodeMessage(type, message)), message);
  },
};
