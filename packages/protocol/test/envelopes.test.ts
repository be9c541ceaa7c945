import { describe, expect, test } from '@jest/globals';
import {
  DialPurpose,
  HostMessage,
  ServerToHost,
  ServerToViewer,
  ViewerMessage,
} from '../src/gen/wingman/v1/signaling.js';
import { decodeEnvelope, encodeEnvelope } from '../src/signaling/envelopes.js';

describe('signaling envelopes', () => {
  test('carry one message of each of the four kinds', () => {
    const nonce = 7n;
    const beat = { $case: 'heartbeat', value: { nonce, reply: true } } as const;
    expect(decodeEnvelope(HostMessage, encodeEnvelope(HostMessage, beat))).toEqual(beat);
    expect(decodeEnvelope(ViewerMessage, encodeEnvelope(ViewerMessage, beat))).toEqual(beat);
    expect(decodeEnvelope(ServerToHost, encodeEnvelope(ServerToHost, beat))).toEqual(beat);
    expect(decodeEnvelope(ServerToViewer, encodeEnvelope(ServerToViewer, beat))).toEqual(beat);
  });

  test('fields that were left out have their defaults', () => {
    const bytes = encodeEnvelope(ServerToHost, { $case: 'dialRequest', value: {} });
    expect(decodeEnvelope(ServerToHost, bytes)).toEqual({
      $case: 'dialRequest',
      value: { purpose: DialPurpose.UNSPECIFIED },
    });
  });

  test('a kind that this version does not know is undefined', () => {
    // Field 1000, an empty message (varint of 1000 << 3 | 2).
    expect(decodeEnvelope(ServerToHost, Uint8Array.of(0xc2, 0x3e, 0x00))).toBeUndefined();
    expect(decodeEnvelope(ServerToHost, new Uint8Array())).toBeUndefined();
  });

  test('what is no message fails with PROTOCOL_ERROR', () => {
    const garbled = Uint8Array.of(0x0a, 0xff, 0x01);
    expect(() => decodeEnvelope(HostMessage, garbled)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });
});
