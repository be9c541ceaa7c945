import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LIMITS } from '../src/limits.js';
import { RecordReader, encodeRecord } from '../src/wire/record-stream.js';

test('messages come out as they went in, however the stream is cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 30 }), (sent, size) => {
      const stream = Buffer.concat(sent.map(encodeRecord));
      const reader = new RecordReader();
      const received: Uint8Array[] = [];
      for (let offset = 0; offset < stream.length; offset += size) {
        received.push(...reader.push(new Uint8Array(stream.subarray(offset, offset + size))));
      }
      expect(received).toEqual(sent);
      expect(reader.isAtBoundary).toBe(true);
    }),
  );
});

test('a message above the limit is refused by its length alone', () => {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, LIMITS.maxMessageBytes + 1);
  expect(() => new RecordReader().push(length)).toThrow('too large');
});
