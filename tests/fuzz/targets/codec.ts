import {
  decodeMessage,
  encodeMessage,
  RequestHead,
  ResponseHead,
  WebSocketOpen,
} from '@wingman/protocol';
import { decodeHandshakeMessage } from '../../../packages/protocol/src/seal/handshake-message.js';
import { RecordReader } from '../../../packages/protocol/src/wire/record-stream.js';
import {
  decodeLinkFrame,
  encodeLinkFrame,
} from '../../../packages/protocol/src/wire/link-frame.js';
import { decodeStreamFrame } from '../../../packages/protocol/src/wire/stream-frame.js';
import type { Target } from '../target.js';
import { accepted, same } from './property.js';

const REFUSALS = ['PROTOCOL_ERROR', 'HANDSHAKE_FAILED', 'LIMIT_EXCEEDED'];

/** Frames of the link and the mux, handshake messages, heads, and records of a first flight. The first byte says which. */
export const codec: Target = {
  name: 'codec',
  words: [
    '\x00',
    '\x01',
    '\x02',
    '\x06',
    '\x40\x00',
    '\x80\x00\x00\x00',
    '\xc0\x00\x00\x00\x00\x00\x00\x00',
    '\x0a\x03GET',
  ],
  run(input) {
    const rest = input.subarray(1);
    switch ((input[0] ?? 0) % 5) {
      case 0:
        return linkFrame(rest);
      case 1:
        return void accepted(REFUSALS, () => decodeStreamFrame(rest));
      case 2:
        return void accepted(REFUSALS, () => decodeHandshakeMessage(rest));
      case 3:
        return heads(rest);
      default:
        return records(rest);
    }
  },
};

function linkFrame(bytes: Uint8Array): void {
  const frame = accepted(REFUSALS, () => decodeLinkFrame(bytes));
  // The number of an unknown error code isn't kept.
  if (frame === undefined || frame.type === 'close') return;
  same('a link frame has one form', Buffer.from(encodeLinkFrame(frame)), Buffer.from(bytes));
}

function heads(bytes: Uint8Array): void {
  for (const type of [RequestHead, ResponseHead, WebSocketOpen]) {
    const head = accepted(REFUSALS, () => decodeMessage(type as typeof RequestHead, bytes));
    if (head === undefined) continue;
    const again = encodeMessage(type as typeof RequestHead, head);
    same('a head survives', decodeMessage(type as typeof RequestHead, again), head);
  }
}

/** However the stream is cut, the same messages come out. */
function records(bytes: Uint8Array): void {
  const whole = accepted(REFUSALS, () => new RecordReader().push(bytes));
  const pieces = accepted(REFUSALS, () => {
    const reader = new RecordReader();
    return [...bytes].flatMap((byte) => reader.push(Uint8Array.of(byte)));
  });
  if (whole !== undefined) same('records', pieces?.map(toHex), whole.map(toHex));
}

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
