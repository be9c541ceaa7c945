import { WingmanError, errorFromWire, errorToWire, type ErrorCode } from '../errors.js';
import { readVarint, varintLength, writeVarint, type Varint } from './varint.js';

/** First byte of every message on an attached carrier. */
const LinkFrameType = {
  DATA: 0x00,
  ACK: 0x01,
  ATTACH: 0x02,
  USE: 0x03,
  PING: 0x04,
  PONG: 0x05,
  CLOSE: 0x06,
  UNORDERED: 0x07,
} as const;

/** A frame of the link layer. Only DATA and UNORDERED frames are numbered. */
export type LinkFrame =
  /** One numbered frame of the layer above. It comes after all before it, or, where it says so, after one of them alone. */
  | { type: 'data'; sequence: number; payload: Uint8Array; follows?: number }
  /** All frames numbered below `received` have arrived. */
  | { type: 'ack'; received: number }
  /**
   * The first frame on a carrier. `received` says what has arrived so far, so that the peer sends the rest here. The
   * incarnation is the sender's random number for this link. Another number means that the sender has forgotten it.
   */
  | { type: 'attach'; received: number; incarnation: number }
  /** The opener asks the acceptor to send on this carrier. Of two such frames the one with the higher turn holds. */
  | { type: 'use'; turn: number }
  | { type: 'ping'; nonce: number }
  /** Answers a ping. What the asker sent on this carrier before that ping has arrived or is lost. */
  | { type: 'pong'; nonce: number; received: number }
  | { type: 'close'; code: ErrorCode };

/** What a frame follows that need not wait for any other. */
export const FOLLOWS_NONE = -1;

/** Encodes a numbered frame: type, number, then the parts of its payload. */
export function encodeDataFrame(
  sequence: number,
  parts: readonly Uint8Array[],
  follows?: number,
): Uint8Array {
  const numbers = follows === undefined ? [sequence] : [sequence, backTo(sequence, follows)];
  let length = numbers.reduce((sum, number) => sum + varintLength(number), 1);
  for (const part of parts) length += part.byteLength;
  const frame = new Uint8Array(length);
  frame[0] = follows === undefined ? LinkFrameType.DATA : LinkFrameType.UNORDERED;
  let offset = numbers.reduce((at, number) => writeVarint(frame, at, number), 1);
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.byteLength;
  }
  return frame;
}

/** How far before a frame the one is that it follows; 0 where it follows none. */
function backTo(sequence: number, follows: number): number {
  return follows === FOLLOWS_NONE ? 0 : sequence - follows;
}

function encodeNumbers(type: number, ...values: number[]): Uint8Array {
  const frame = new Uint8Array(values.reduce((sum, value) => sum + varintLength(value), 1));
  frame[0] = type;
  values.reduce((offset, value) => writeVarint(frame, offset, value), 1);
  return frame;
}

/** Encodes any frame of the link layer. */
export function encodeLinkFrame(frame: LinkFrame): Uint8Array {
  switch (frame.type) {
    case 'data':
      return encodeDataFrame(frame.sequence, [frame.payload], frame.follows);
    case 'ack':
      return encodeNumbers(LinkFrameType.ACK, frame.received);
    case 'attach':
      return encodeNumbers(LinkFrameType.ATTACH, frame.received, frame.incarnation);
    case 'use':
      return encodeNumbers(LinkFrameType.USE, frame.turn);
    case 'ping':
      return encodeNumbers(LinkFrameType.PING, frame.nonce);
    case 'pong':
      return encodeNumbers(LinkFrameType.PONG, frame.nonce, frame.received);
    case 'close':
      return encodeNumbers(LinkFrameType.CLOSE, errorToWire(frame.code));
  }
}

/** Decodes one message. The payload is a view into the message. PROTOCOL_ERROR when malformed. */
export function decodeLinkFrame(message: Uint8Array): LinkFrame {
  const type = message[0];
  const first = readVarint(message, 1);
  if (type === LinkFrameType.DATA) {
    return { type: 'data', sequence: first.value, payload: message.subarray(first.next) };
  }
  if (type === LinkFrameType.UNORDERED) return decodeUnordered(message, first);
  if (type === LinkFrameType.ATTACH || type === LinkFrameType.PONG) {
    return decodePair(type, message, first);
  }
  requireEnd(message, first.next);
  return decodeSingle(type, first.value);
}

function decodeUnordered(message: Uint8Array, { value: sequence, next }: Varint): LinkFrame {
  const back = readVarint(message, next);
  if (back.value > sequence) {
    throw new WingmanError('PROTOCOL_ERROR', 'a frame follows one that never was');
  }
  const follows = back.value === 0 ? FOLLOWS_NONE : sequence - back.value;
  return { type: 'data', sequence, payload: message.subarray(back.next), follows };
}

function decodePair(type: number, message: Uint8Array, first: Varint): LinkFrame {
  const second = readVarint(message, first.next);
  requireEnd(message, second.next);
  return type === LinkFrameType.ATTACH
    ? { type: 'attach', received: first.value, incarnation: second.value }
    : { type: 'pong', nonce: first.value, received: second.value };
}

function decodeSingle(type: number | undefined, value: number): LinkFrame {
  switch (type) {
    case LinkFrameType.ACK:
      return { type: 'ack', received: value };
    case LinkFrameType.USE:
      return { type: 'use', turn: value };
    case LinkFrameType.PING:
      return { type: 'ping', nonce: value };
    case LinkFrameType.CLOSE:
      return { type: 'close', code: errorFromWire(value) };
    default:
      throw new WingmanError('PROTOCOL_ERROR', `unknown link frame type ${type}`);
  }
}

function requireEnd(message: Uint8Array, end: number): void {
  if (end !== message.byteLength) {
    throw new WingmanError('PROTOCOL_ERROR', 'bytes after the end of a frame');
  }
}
