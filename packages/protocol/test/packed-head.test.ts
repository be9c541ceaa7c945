import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { header } from '../src/exchange/headers.js';
import { create, encodeMessage } from '../src/exchange/proto-message.js';
import { RequestHead, ResponseHead, type Header } from '../src/gen/wingman/v1/exchange.js';
import { LIMITS } from '../src/limits.js';
import { concatBytes } from '../src/wire/bytes.js';
import { HeadPacker, HeadUnpacker } from '../src/wire/packed-head.js';
import { writeVarint } from '../src/wire/varint.js';

const TYPE = Uint8Array.of(0);

/** A request head as it goes over the link: its type byte, and its fields. */
const headOf = (target: string, headers: Header[] = []): Uint8Array =>
  concatBytes([
    TYPE,
    encodeMessage(RequestHead, create(RequestHead, { method: 'GET', target, headers })),
  ]);

/** Both ends of one direction. */
function ends() {
  const [packer, unpacker] = [new HeadPacker(), new HeadUnpacker()];
  return {
    /** How many bytes a message takes on the way. It has to come out as it went in. */
    pass: (message: Uint8Array): number => {
      const packed = packer.pack([message]);
      if (packed === undefined) throw new Error('too long to be packed');
      // An `expect` for each of a hundred thousand messages would take most of the test's time.
      if (Buffer.compare(unpacker.unpack(packed), message) !== 0)
        throw new Error('came out otherwise');
      return packed.byteLength;
    },
  };
}

/** A piece that is to be kept, as a peer may send it. */
function kept(slot: number, piece: Uint8Array): Uint8Array {
  const start = new Uint8Array(16);
  const length = writeVarint(start, writeVarint(start, 0, piece.byteLength * 4 + 3), slot);
  return concatBytes([start.subarray(0, length), piece]);
}

const slotOf = (slot: number): Uint8Array => {
  const number = new Uint8Array(8);
  return number.subarray(0, writeVarint(number, 0, slot * 2));
};

describe('a head that repeats another', () => {
  test('is one byte for each field', () => {
    const { pass } = ends();
    const head = headOf('/a', [header('accept', '*/*'), header('user-agent', 'x'.repeat(120))]);
    expect(pass(head)).toBeGreaterThan(head.byteLength);
    expect(pass(head)).toBe(4);
  });

  test('costs its new field and a byte for each old one', () => {
    const { pass } = ends();
    const headers = [header('accept', '*/*')];
    pass(headOf('/a', headers));
    const target = '/b'.length + '12 02'.split(' ').length;
    expect(pass(headOf('/b', headers))).toBe(1 + (1 + 1 + target) + 1);
  });

  test('keeps the order and number of its fields', () => {
    const { pass } = ends();
    const [one, other] = [header('x', '1'), header('x', '2')];
    for (const headers of [[one, other], [other, one], [one, one, other], []]) {
      pass(headOf('/', headers));
    }
  });

  test('may have come as another type of message', () => {
    const { pass } = ends();
    const headers = [header('cache-control', 'no-cache')];
    pass(headOf('/', headers));
    const answer = encodeMessage(ResponseHead, { status: 200, headers });
    expect(pass(concatBytes([Uint8Array.of(1), answer]))).toBe(
      1 + 1 + '01 08 c8 01'.split(' ').length + 1,
    );
  });
});

describe('what is kept', () => {
  test('is no short credential', () => {
    const { pass } = ends();
    const short = 'a'.repeat(19);
    const headers = [
      header('cookie', short),
      header('authorization', short),
      header('set-cookie', short),
    ];
    pass(headOf('/', headers));
    expect(pass(headOf('/', headers))).toBeGreaterThan(3 * short.length);
  });

  test('is a long credential, and a short field of another name', () => {
    const { pass } = ends();
    const headers = [header('cookie', 'a'.repeat(20)), header('x-cookie', 'a')];
    pass(headOf('/', headers));
    expect(pass(headOf('/', headers))).toBe(4);
  });

  test('is no field above the cap, which goes as it is', () => {
    const { pass } = ends();
    const headers = [header('x', 'y'.repeat(LIMITS.headPieceBytes))];
    pass(headOf('/', headers));
    expect(pass(headOf('/', headers))).toBeGreaterThan(LIMITS.headPieceBytes);
  });

  test('stays while it is used, however many others come', () => {
    const { pass } = ends();
    const headers = [header('user-agent', 'u'.repeat(100))];
    for (let number = 0; number < 3 * LIMITS.headSlots; number += 1) {
      const bytes = pass(headOf(`/${number}`, headers));
      if (number > 0) expect(bytes).toBeLessThan(20);
    }
  });

  test('gives way once it is not used', () => {
    const { pass } = ends();
    const rare = [header('user-agent', 'u'.repeat(100))];
    pass(headOf('/', rare));
    for (let number = 0; number < 3 * LIMITS.headSlots; number += 1) pass(headOf(`/${number}`));
    expect(pass(headOf('/', rare))).toBeGreaterThan(100);
    expect(pass(headOf('/', rare))).toBeLessThan(10);
  });
});

test('a message above the cap is not packed, one at the cap is', () => {
  const packer = new HeadPacker();
  expect(packer.pack([TYPE, new Uint8Array(LIMITS.packedHeadBytes)])).toBeUndefined();
  const { pass } = ends();
  pass(new Uint8Array(LIMITS.packedHeadBytes));
});

test('the worst message there is stays below the cap of a carrier’s message', () => {
  const fields = Array.from({ length: LIMITS.packedHeadBytes / 2 - 1 }, (_, index) =>
    Uint8Array.of(0x08, index & 0x7f),
  );
  const packed = new HeadPacker().pack([TYPE, ...fields]);
  expect(packed?.byteLength).toBeLessThan(LIMITS.maxMessageBytes - 32);
});

describe('from a hostile peer', () => {
  const refused = (code: string, ...packed: Uint8Array[]): void => {
    expect(() => new HeadUnpacker().unpack(concatBytes(packed))).toThrow(
      expect.objectContaining({ code }),
    );
  };

  test('a slot in which nothing is kept is refused', () => {
    refused('PROTOCOL_ERROR', slotOf(0));
    refused('PROTOCOL_ERROR', kept(0, TYPE), slotOf(1));
    refused('PROTOCOL_ERROR', slotOf(2 ** 50));
  });

  test('a slot may not be left out', () => refused('PROTOCOL_ERROR', kept(1, TYPE)));

  test('there are no more slots than the limit says', () => {
    const unpacker = new HeadUnpacker();
    for (let slot = 0; slot < LIMITS.headSlots; slot += 1) unpacker.unpack(kept(slot, TYPE));
    expect(() => unpacker.unpack(kept(LIMITS.headSlots, TYPE))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
    expect(unpacker.unpack(kept(0, Uint8Array.of(7)))).toEqual(Uint8Array.of(7));
  });

  test('no piece above the cap is kept', () =>
    refused('LIMIT_EXCEEDED', kept(0, new Uint8Array(LIMITS.headPieceBytes + 1))));

  test('a few bytes don’t become a large message', () => {
    const piece = kept(0, new Uint8Array(LIMITS.headPieceBytes));
    const most = LIMITS.packedHeadBytes / LIMITS.headPieceBytes - 1;
    const again = (times: number): Uint8Array[] => Array.from({ length: times }, () => slotOf(0));
    const message = new HeadUnpacker().unpack(concatBytes([piece, ...again(most)]));
    expect(message.byteLength).toBe(LIMITS.packedHeadBytes);
    refused('LIMIT_EXCEEDED', piece, ...again(most + 1));
  });

  test('a piece or a number that is cut short is refused', () => {
    refused('PROTOCOL_ERROR', Uint8Array.of(4 * 3 + 1, 1, 2));
    refused('PROTOCOL_ERROR', Uint8Array.of(4 * 3 + 3));
    refused('PROTOCOL_ERROR', Uint8Array.of(0x40));
  });

  test('what is kept does not change with the bytes it came in', () => {
    const unpacker = new HeadUnpacker();
    const message = kept(0, Uint8Array.of(1, 2, 3));
    unpacker.unpack(message);
    message.fill(9);
    expect(unpacker.unpack(slotOf(0))).toEqual(Uint8Array.of(1, 2, 3));
  });
});

const field = fc.record({
  name: fc.constantFrom('accept', 'cookie', 'set-cookie', 'etag', 'x'),
  value: fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.nat(2_000).map(String),
    fc.nat(2_000).map((length) => 'v'.repeat(length)),
  ),
});
const heads = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.nat(3_000), fc.array(field, { maxLength: 6 }))
        .map(([target, headers]) => headOf(`/${target}`, headers)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  ),
  { maxLength: 40 },
);

test('whatever heads pass, in whatever order, each comes out as it went in', () => {
  fc.assert(
    fc.property(fc.array(heads, { maxLength: 6 }), (rounds) => {
      const { pass } = ends();
      // Enough rounds that the slots run out.
      for (let number = 0; number < LIMITS.headSlots; number += 1) pass(headOf(`/n${number}`));
      for (const message of rounds.flat()) pass(message);
    }),
    { numRuns: 60 },
  );
});

test('whatever a peer sends, it becomes no more than the cap, or is refused by a code', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 60 }), (messages) => {
      const unpacker = new HeadUnpacker();
      for (const message of messages) {
        try {
          const { byteLength } = unpacker.unpack(message);
          expect(byteLength).toBeLessThanOrEqual(LIMITS.packedHeadBytes);
        } catch (error) {
          expect(['PROTOCOL_ERROR', 'LIMIT_EXCEEDED']).toContain((error as { code: string }).code);
        }
      }
    }),
    { numRuns: 500 },
  );
});
