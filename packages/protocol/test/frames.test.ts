import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WingmanError, errorFromWire, errorToWire } from '../src/errors.js';
import { decodeLinkFrame, encodeLinkFrame, type LinkFrame } from '../src/wire/link-frame.js';
import {
  StreamFrameType,
  decodeStreamFrame,
  encodeCredit,
  encodeReset,
  streamHeader,
} from '../src/wire/stream-frame.js';
import { concatBytes } from '../src/wire/bytes.js';

const number = fc.maxSafeNat();
const payload = fc.uint8Array({ maxLength: 64 });
const code = fc.constantFrom('CANCELLED', 'TIMEOUT', 'LINK_LOST', 'SESSION_ENDED' as const);

const linkFrame: fc.Arbitrary<LinkFrame> = fc.oneof(
  fc.record({ type: fc.constant('data' as const), sequence: number, payload }),
  fc.record({ type: fc.constant('ack' as const), received: number }),
  fc.record({ type: fc.constant('attach' as const), received: number, incarnation: number }),
  fc.record({ type: fc.constant('use' as const), turn: number }),
  fc.record({ type: fc.constant('ping' as const), nonce: number }),
  fc.record({ type: fc.constant('pong' as const), nonce: number, received: number }),
  fc.record({ type: fc.constant('close' as const), code }),
);

describe('link frames', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(linkFrame, (frame) => {
        expect(decodeLinkFrame(encodeLinkFrame(frame))).toEqual(frame);
      }),
    );
  });

  test('random bytes decode or fail with PROTOCOL_ERROR, and what decodes encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        const frame = decodeOrRefuse(() => decodeLinkFrame(bytes));
        // Unknown error numbers read as INTERNAL, on purpose.
        if (frame !== undefined && frame.type !== 'close')
          expect(encodeLinkFrame(frame)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([LinkFrameTail(0x01), LinkFrameTail(0x04)])(
    'refuse bytes behind their end',
    (bytes) => {
      expect(() => decodeLinkFrame(bytes)).toThrow('after the end');
    },
  );
});

describe('stream frames', () => {
  test('decode to what was encoded', () => {
    fc.assert(
      fc.property(number, number, payload, code, (stream, bytes, data, reason) => {
        const open = concatBytes([streamHeader(StreamFrameType.OPEN, stream), data]);
        expect(decodeStreamFrame(open)).toEqual({ type: 'open', stream, payload: data });
        const end = streamHeader(StreamFrameType.END, stream);
        expect(decodeStreamFrame(end)).toEqual({ type: 'end', stream });
        expect(decodeStreamFrame(encodeReset(stream, reason))).toEqual({
          type: 'reset',
          stream,
          code: reason,
        });
        expect(decodeStreamFrame(encodeCredit(stream, bytes))).toEqual({
          type: 'credit',
          stream,
          bytes,
        });
      }),
    );
  });

  test('random bytes decode or fail with PROTOCOL_ERROR', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
        decodeOrRefuse(() => decodeStreamFrame(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});

test('error codes survive the wire; one without a number becomes INTERNAL', () => {
  expect(errorFromWire(errorToWire('UPSTREAM_ABORTED'))).toBe('UPSTREAM_ABORTED');
  expect(errorFromWire(errorToWire('KEY_MISSING'))).toBe('INTERNAL');
  expect(errorFromWire(4711)).toBe('INTERNAL');
});

function LinkFrameTail(type: number): Uint8Array {
  return Uint8Array.of(type, 1, 0);
}

function decodeOrRefuse<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(WingmanError);
    expect((error as WingmanError).code).toBe('PROTOCOL_ERROR');
    return undefined;
  }
}
