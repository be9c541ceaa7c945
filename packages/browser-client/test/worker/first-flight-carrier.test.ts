import { describe, expect, test } from '@jest/globals';
import { CloseCode, RecordReader, encodeRecord } from '@wingman/protocol';
import { FirstFlightCarrier } from '../../src/worker/relay-connector.js';
import { settle } from '../support/fake-clock.js';
import { eventually } from '../support/linked-host.js';
import { read } from '../support/read-carrier.js';

const ONE = Uint8Array.of(1);

describe('the first flight', () => {
  /** A relay that takes one POST, whose answer the test writes. */
  function setUp(status = 200) {
    const posts: { url: string; init: RequestInit }[] = [];
    let answer: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (answer = controller),
    });
    const carrier = new FirstFlightCarrier(
      Promise.resolve('https://s.example/relay'),
      (url, init) => {
        posts.push({ url, init });
        return Promise.resolve(new Response(body, { status }));
      },
    );
    return { posts, carrier, told: read(carrier), answer: answer! };
  }

  test('sends nothing until it is launched, then all in one POST', async () => {
    const { carrier, posts, answer } = setUp();
    carrier.send(Uint8Array.of(1));
    carrier.send(Uint8Array.of(2, 3));
    await settle();
    expect([posts.length, carrier.writable]).toEqual([0, true]);
    carrier.launch();
    carrier.launch();
    await settle();
    expect([posts.length, carrier.writable]).toEqual([1, false]);
    expect(posts[0]).toMatchObject({ url: 'https://s.example/relay', init: { method: 'POST' } });
    const records = new RecordReader().push(posts[0]?.init.body as Uint8Array);
    expect(records.map((record) => [...record])).toEqual([[1], [2, 3]]);
    answer.close();
  });

  test('takes no more after the launch: the link sends it again elsewhere', async () => {
    const { carrier, posts, answer } = setUp();
    carrier.launch();
    carrier.send(ONE);
    answer.close();
    await settle();
    expect((posts[0]?.init.body as Uint8Array).byteLength).toBe(0);
  });

  test('passes on what the host says, as it comes', async () => {
    const { carrier, told, answer } = setUp();
    carrier.launch();
    const record = encodeRecord(Uint8Array.of(4, 5));
    answer.enqueue(record.slice(0, 1));
    answer.enqueue(Buffer.concat([record.slice(1), encodeRecord(Uint8Array.of(6))]));
    await eventually(() => told.length === 2);
    answer.close();
    await eventually(() => told.length === 3);
    expect(told).toEqual([[4, 5], [6], 'closed: the first flight is over']);
  });

  test.each([
    ['the relay refuses it', 503, 'closed: status 503'],
    ['the host ends it', 200, 'closed: the first flight failed'],
  ])('is over when %s', async (_, status, expected) => {
    const { carrier, told, answer } = setUp(status);
    carrier.launch();
    answer.error(new TypeError('network error'));
    await eventually(() => told.length > 0);
    expect(told).toEqual([expected]);
  });

  test('is over when the network fails', async () => {
    const carrier = new FirstFlightCarrier(Promise.resolve('https://x'), () =>
      Promise.reject(new TypeError('no')),
    );
    const told = read(carrier);
    carrier.launch();
    await settle();
    expect(told).toEqual(['closed: the first flight failed']);
  });

  test('closed before the launch is never sent, and later its POST is aborted', async () => {
    const early = setUp();
    early.carrier.send(ONE);
    early.carrier.close(CloseCode.NORMAL, 'over');
    early.carrier.launch();
    expect(early.posts).toEqual([]);
    const late = setUp();
    late.carrier.launch();
    late.carrier.close(CloseCode.REPLACED, 'a WebSocket is up');
    await settle();
    expect(late.posts[0]?.init.signal?.aborted).toBe(true);
    expect(late.told).toEqual([]);
    late.answer.close();
  });
});
