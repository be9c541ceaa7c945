import { describe, expect, jest, test } from '@jest/globals';
import {
  create,
  Emitter,
  ExchangeObservers,
  RequestHead,
  ResponseHead,
  type ExchangeEnd,
  type ExchangeObserver,
  type ExchangePath,
  type ObservedExchange,
  type Piece,
} from '../src/index.js';

/** Observers with a clock that is set by hand, and an exchange that has begun. */
function begun(...observers: ExchangeObserver[]) {
  const state = { now: 0, path: 'relay' as ExchangePath, failures: [] as unknown[] };
  const clock = { now: () => state.now, setTimeout: () => ({ cancel: () => undefined }) };
  const registry = new ExchangeObservers((error) => state.failures.push(error), clock);
  const removers = observers.map((observer) => registry.add(observer));
  const asked = create(RequestHead, { method: 'GET', target: '/x' });
  const begin = () => registry.begin({ kind: 'http', link: 'id', asked, path: () => state.path });
  return { state, begin, removers, exchange: begin() };
}

const head = create(ResponseHead, { status: 200 });
const bytes = (length: number): Uint8Array => new Uint8Array(length);

const text = (value: string): Piece => ({ bytes: Buffer.from(value), isText: true, isLast: true });

async function* pieces(...lengths: number[]): AsyncGenerator<Uint8Array> {
  for (const length of lengths) yield await Promise.resolve(bytes(length));
}

test('an observer is told of each hop, with its time', () => {
  let seen: ObservedExchange | undefined;
  const told: string[] = [];
  const { state, exchange } = begun((observed) => {
    seen = observed;
    return {
      sent: ({ target }) => told.push(`sent ${target}`),
      interim: ({ status }) => told.push(`interim ${status}`),
      head: ({ status }) => told.push(`head ${status}`),
      bodyEnd: (direction, isComplete) => told.push(`${direction} ${isComplete}`),
      end: ({ outcome }) => told.push(outcome),
    };
  });
  state.now = 1;
  exchange.sent(exchange.asked);
  state.now = 2;
  exchange.interim(create(ResponseHead, { status: 103 }));
  exchange.head(head);
  state.now = 3;
  exchange.passed('upload', { bytes: bytes(2) });
  state.now = 4;
  exchange.passed('download', { bytes: bytes(3) });
  exchange.passed('download', text('ü'));
  exchange.bodyEnd('download', true);
  state.now = 5;
  exchange.end({ outcome: 'complete' });
  expect(told).toEqual(['sent /x', 'interim 103', 'head 200', 'download true', 'complete']);
  expect(seen?.times).toEqual({ accepted: 0, sent: 1, head: 2, firstByte: 4, end: 5 });
  expect(seen?.bytes).toEqual({ upload: 2, download: 5 });
});

test('exchanges are numbered, and say what carried them', () => {
  const { state, exchange, begin } = begun();
  expect([exchange.id, begin().id]).toEqual([1, 2]);
  state.path = 'p2p';
  exchange.head(head);
  exchange.end({ outcome: 'complete' });
  expect(exchange.paths).toEqual(['relay', 'p2p']);
  expect(exchange.path).toBe('p2p');
});

test('only the first end counts, and nothing is told after it', () => {
  const ends: ExchangeEnd[] = [];
  const { exchange } = begun((observed) => {
    observed.tap(() => ends.push({ outcome: 'complete' }));
    return { end: (end) => ends.push(end) };
  });
  exchange.end({ outcome: 'aborted', code: 'CANCELLED', by: 'opener' });
  exchange.end({ outcome: 'complete' });
  exchange.passed('download', { bytes: bytes(1) });
  expect(ends).toEqual([{ outcome: 'aborted', code: 'CANCELLED', by: 'opener' }]);
});

test('an observer that is removed sees no further exchange', () => {
  let count = 0;
  const { begin, removers } = begun(() => void count++);
  begin();
  for (const remove of removers) remove();
  begin();
  expect(count).toBe(2);
});

describe('a tap', () => {
  test('sees the pieces themselves, from the moment it is asked for until it is taken away', () => {
    const { exchange } = begun();
    const seen: [string, Piece][] = [];
    const piece = { bytes: bytes(1) };
    exchange.passed('download', { bytes: bytes(9) });
    const remove = exchange.tap((direction, passed) => seen.push([direction, passed]));
    exchange.passed('download', piece);
    exchange.passed('upload', text('text'));
    remove();
    exchange.passed('upload', text('more'));
    expect(seen).toEqual([
      ['download', piece],
      ['upload', text('text')],
    ]);
    expect(seen[0]?.[1]).toBe(piece);
  });

  test('that throws is taken away, and the exchange goes on', async () => {
    const { exchange, state } = begun();
    const seen: Piece[] = [];
    exchange.tap(() => {
      throw new Error('a bad tap');
    });
    exchange.tap((_, piece) => seen.push(piece));
    for await (const piece of exchange.watchBody('download', pieces(1, 2))) void piece;
    expect(seen).toHaveLength(2);
    expect(state.failures).toEqual([new Error('a bad tap')]);
  });
});

describe('an observer that throws', () => {
  const bad = () => {
    throw new Error('a bad observer');
  };

  test('at the beginning is left out, and the others are told', () => {
    const ends: string[] = [];
    const { exchange, state } = begun(bad, () => ({ end: ({ outcome }) => ends.push(outcome) }));
    exchange.end({ outcome: 'complete' });
    expect(ends).toEqual(['complete']);
    expect(state.failures).toHaveLength(1);
  });

  test('later is told nothing more of that exchange', () => {
    let ends = 0;
    const { exchange, state } = begun(() => ({ head: bad, end: () => void ends++ }));
    exchange.head(head);
    exchange.end({ outcome: 'complete' });
    expect([ends, state.failures.length]).toEqual([0, 1]);
  });
});

describe('a watched body', () => {
  const watched = (body: AsyncIterable<Uint8Array>) => {
    const ends: boolean[] = [];
    const { exchange } = begun(() => ({ bodyEnd: (_, isComplete) => ends.push(isComplete) }));
    return { ends, exchange, body: exchange.watchBody('upload', body) };
  };

  test('is complete when its source ends', async () => {
    const { ends, exchange, body } = watched(pieces(1, 2, 3));
    for await (const piece of body) void piece;
    expect(ends).toEqual([true]);
    expect(exchange.bytes.upload).toBe(6);
  });

  test('tells for whom it has waited', async () => {
    const { state, exchange } = begun(() => ({}));
    const slow = (async function* () {
      for (let n = 0; n < 2; n++) {
        state.now += 10;
        yield await Promise.resolve(bytes(1));
      }
      state.now += 1;
    })();
    for await (const piece of exchange.watchBody('upload', slow)) {
      void piece;
      state.now += 100;
    }
    expect(exchange.waits.upload).toEqual({ sender: 21, receiver: 200 });
    expect(exchange.waits.download).toEqual({ sender: 0, receiver: 0 });
  });

  test('is not when its source fails, and the error reaches the reader', async () => {
    const source = (async function* () {
      yield bytes(1);
      throw new Error('cut');
    })();
    const { ends, body } = watched(source);
    await expect(
      (async () => {
        for await (const piece of body) void piece;
      })(),
    ).rejects.toThrow('cut');
    expect(ends).toEqual([false]);
  });

  test('is not when its reader leaves, of which the source hears even before the first piece', async () => {
    let left = 0;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: bytes(1) }),
        return: async () => {
          left++;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const { ends, body } = watched(source);
    await body[Symbol.asyncIterator]().return?.();
    expect([left, ends]).toEqual([1, [false]]);
  });
});

test('a listener of an emitter that throws ends neither the others nor the process', async () => {
  const reported = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  const emitter = new Emitter<'event'>();
  const heard: string[] = [];
  emitter.on('event', () => {
    throw new Error('a bad listener');
  });
  emitter.on('event', () => heard.push('second'));
  emitter.emit('event');
  // A rethrow in a microtask would come before this.
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(heard).toEqual(['second']);
  expect(reported).toHaveBeenCalledWith(new Error('a bad listener'));
  reported.mockRestore();
});
