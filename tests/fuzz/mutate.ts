import { randomBytes, randomInt } from 'node:crypto';

/** An input is kept below this: what is interesting fits, and every run stays fast. */
const MAX_BYTES = 4_096;
const MOST_AT_ONCE = 4;

type Mutation = (input: Buffer, others: readonly Buffer[], words: readonly Buffer[]) => Buffer;

const at = (input: Buffer): number => randomInt(input.length + 1);
const one = <T>(items: readonly T[]): T | undefined => items[randomInt(Math.max(1, items.length))];

const insert = (input: Buffer, bytes: Uint8Array, position = at(input)): Buffer =>
  Buffer.concat([input.subarray(0, position), bytes, input.subarray(position)]);

/** Bytes at which decoders have their edges. */
const EDGES = [0, 1, 0x0a, 0x0d, 0x20, 0x25, 0x2e, 0x2f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

function changeByte(input: Buffer, value: (before: number) => number): Buffer {
  if (input.length === 0) return input;
  const copy = Buffer.from(input);
  const position = randomInt(copy.length);
  copy[position] = value(copy[position] ?? 0);
  return copy;
}

const MUTATIONS: readonly Mutation[] = [
  (input) => changeByte(input, (before) => before ^ (1 << randomInt(8))),
  (input) => changeByte(input, () => one(EDGES) ?? 0),
  (input) => insert(input, randomBytes(1 + randomInt(4))),
  (input) => insert(input, Buffer.of(one(EDGES) ?? 0)),
  (input, _others, words) => insert(input, one(words) ?? Buffer.of()),
  (input) => input.subarray(0, at(input)),
  (input) => {
    const [from, to] = [at(input), at(input)].sort((a, b) => a - b);
    return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
  },
  (input) => insert(input, input.subarray(at(input), at(input))),
  (input, others) => {
    const other = one(others) ?? Buffer.of();
    return Buffer.concat([input.subarray(0, at(input)), other.subarray(at(other))]);
  },
];

/** Another input, made from one or two of the corpus and the words of a target's language. */
export function mutate(corpus: readonly Buffer[], words: readonly Buffer[]): Buffer {
  let input: Buffer = one(corpus) ?? Buffer.of();
  for (let count = 1 + randomInt(MOST_AT_ONCE); count > 0; count--) {
    input = (one(MUTATIONS) ?? ((same) => same))(input, corpus, words);
  }
  return input.subarray(0, MAX_BYTES);
}
