import { WingmanError, errorFromWire, errorToWire, type ErrorCode } from '../errors.js';
import { readVarint, varintLength, writeVarint } from './varint.js';

/** First byte of the payload of a numbered frame. */
export const StreamFrameType = {
  OPEN: 0x00,
  DATA: 0x01,
  END: 0x02,
  RESET: 0x03,
  CREDIT: 0x04,
  /** As OPEN and DATA, with a payload that a `HeadPacker` has packed. */
  PACKED_OPEN: 0x10,
  PACKED_DATA: 0x11,
} as const;

/** Added to the type of a frame that has a payload: its END belongs to it. */
export const LAST = 0x20;

/** A frame of the mux layer. */
export type StreamFrame =
  | { type: 'open'; stream: number; payload: Uint8Array; isPacked?: true; isLast?: true }
  | { type: 'data'; stream: number; payload: Uint8Array; isPacked?: true; isLast?: true }
  /** No more data from this side. */
  | { type: 'end'; stream: number }
  /** The stream is over in both directions. Unread messages are dropped. */
  | { type: 'reset'; stream: number; code: ErrorCode }
  /** The reader has taken this many bytes. Stream 0 stands for the link as a whole. */
  | { type: 'credit'; stream: number; bytes: number };

/** The header of an OPEN, DATA or END frame. The payload follows unchanged. */
export function streamHeader(type: number, stream: number): Uint8Array {
  const header = new Uint8Array(1 + varintLength(stream));
  header[0] = type;
  writeVarint(header, 1, stream);
  return header;
}

function encodeNumber(type: number, stream: number, value: number): Uint8Array {
  const frame = new Uint8Array(1 + varintLength(stream) + varintLength(value));
  frame[0] = type;
  writeVarint(frame, writeVarint(frame, 1, stream), value);
  return frame;
}

/** A RESET frame, whole. */
export function encodeReset(stream: number, code: ErrorCode): Uint8Array {
  return encodeNumber(StreamFrameType.RESET, stream, errorToWire(code));
}

/** A CREDIT frame, whole; `bytes` is at least 1. */
export function encodeCredit(stream: number, bytes: number): Uint8Array {
  return encodeNumber(StreamFrameType.CREDIT, stream, bytes);
}

/** Decodes the payload of a numbered frame. The result's payload is a view into it. PROTOCOL_ERROR when malformed. */
export function decodeStreamFrame(bytes: Uint8Array): StreamFrame {
  const { value: stream, next } = readVarint(bytes, 1);
  const rest = bytes.subarray(next);
  const { OPEN, DATA, PACKED_OPEN, PACKED_DATA } = StreamFrameType;
  switch (bytes[0]) {
    case OPEN:
      return { type: 'open', stream, payload: rest };
    case DATA:
      return { type: 'data', stream, payload: rest };
    case PACKED_OPEN:
      return { type: 'open', stream, payload: rest, isPacked: true };
    case PACKED_DATA:
      return { type: 'data', stream, payload: rest, isPacked: true };
    case OPEN + LAST:
      return { type: 'open', stream, payload: rest, isLast: true };
    case DATA + LAST:
      return { type: 'data', stream, payload: rest, isLast: true };
    case PACKED_OPEN + LAST:
      return { type: 'open', stream, payload: rest, isPacked: true, isLast: true };
    case PACKED_DATA + LAST:
      return { type: 'data', stream, payload: rest, isPacked: true, isLast: true };
    case StreamFrameType.END:
      return onlyNumber({ type: 'end', stream }, rest, 0);
    case StreamFrameType.RESET: {
      const code = readVarint(rest, 0);
      return onlyNumber(
        { type: 'reset', stream, code: errorFromWire(code.value) },
        rest,
        code.next,
      );
    }
    case StreamFrameType.CREDIT: {
      const credit = readVarint(rest, 0);
      return onlyNumber({ type: 'credit', stream, bytes: credit.value }, rest, credit.next);
    }
    default:
      throw new WingmanError('PROTOCOL_ERROR', `unknown stream frame type ${bytes[0]}`);
  }
}

function onlyNumber(frame: StreamFrame, rest: Uint8Array, end: number): StreamFrame {
  if (end !== rest.byteLength) {
    throw new WingmanError('PROTOCOL_ERROR', 'bytes after the end of a frame');
  }
  return frame;
}
