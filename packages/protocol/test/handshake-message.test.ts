import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeMessage } from '../src/exchange/proto-message.js';
import { ResponderHello } from '../src/gen/wingman/v1/handshake.js';
import { LIMITS } from '../src/limits.js';
import {
  decodeHandshakeMessage,
  encodeIngressHello,
  encodeInitiatorHello,
  encodeResponderFinish,
  encodeResponderHello,
} from '../src/seal/handshake-message.js';

const none = expect.objectContaining({
  code: 'HANDSHAKE_FAILED',
  message: 'not a handshake message',
});

describe('a handshake message', () => {
  test('is one type byte and Protocol Buffers', () => {
    const hello = encodeMessage(ResponderHello, { version: 1, publicKey: Uint8Array.of(4) });
    const messages = [
      encodeResponderHello(hello),
      encodeInitiatorHello({ linkId: 'abc' }),
      encodeResponderFinish(Uint8Array.of(5)),
      encodeIngressHello({ linkId: 'def' }),
    ];
    expect(messages.map(([type]) => type)).toEqual([1, 2, 3, 4]);
    expect(messages.map(decodeHandshakeMessage)).toMatchObject([
      { type: 'responderHello', bytes: hello },
      { type: 'initiatorHello', hello: { linkId: 'abc' } },
      { type: 'responderFinish', finish: { proof: Uint8Array.of(5) } },
      { type: 'ingressHello', hello: { linkId: 'def' } },
    ]);
  });

  test('is at most so large', () => {
    const proof = (size: number) => encodeResponderFinish(new Uint8Array(size));
    const overhead = proof(500).byteLength - 500;
    const largest = proof(LIMITS.maxHandshakeBytes - overhead);
    expect(largest.byteLength).toBe(LIMITS.maxHandshakeBytes);
    expect(decodeHandshakeMessage(largest).type).toBe('responderFinish');
    expect(() => decodeHandshakeMessage(proof(LIMITS.maxHandshakeBytes - overhead + 1))).toThrow(
      none,
    );
  });

  test('a hello that is kept as it came is one all the same', () => {
    expect(() => decodeHandshakeMessage(Uint8Array.of(1, 0xff))).toThrow(none);
  });

  test('the reason for its refusal is kept', () => {
    let cause: unknown;
    try {
      decodeHandshakeMessage(Uint8Array.of(9));
    } catch (error) {
      cause = (error as Error).cause;
    }
    expect(cause).toMatchObject({ message: 'unknown type' });
  });

  test('any other bytes are none, and fail with that code alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          decodeHandshakeMessage(bytes);
          expect([1, 2, 3, 4]).toContain(bytes[0]);
        } catch (error) {
          expect(error).toEqual(none);
        }
      }),
    );
  });
});
