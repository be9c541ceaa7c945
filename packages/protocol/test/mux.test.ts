import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import { Mux } from '../src/mux/mux.js';
import { MESSAGE_OVERHEAD_BYTES, type MuxStream } from '../src/mux/mux-stream.js';
import { encodeCredit, streamHeader, StreamFrameType } from '../src/wire/stream-frame.js';
import { settle } from './support/fake-clock.js';
import { linkedPair } from './support/linked-pair.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

function muxPair() {
  const { initiator, acceptor } = linkedPair();
  const accepted: MuxStream[] = [];
  const opener = new Mux(initiator);
  const host = new Mux(acceptor, { onStream: (stream) => accepted.push(stream) });
  return { initiator, acceptor, opener, host, accepted };
}

describe('mux', () => {
  test('carries messages both ways, keeps their boundaries, and frees the stream at the end', async () => {
    const { opener, host, accepted } = muxPair();
    const stream = opener.open(bytes(9));
    await stream.write([bytes(1), bytes(2, 3)]);
    await stream.write([]);
    stream.end();
    await settle();
    const peer = accepted[0]!;
    expect(await peer.read()).toEqual(bytes(1, 2, 3));
    expect(await peer.read()).toEqual(bytes());
    expect(await peer.read()).toBeUndefined();
    await peer.write([bytes(4)]);
    peer.end();
    expect(await stream.read()).toEqual(bytes(4));
    expect(await stream.read()).toBeUndefined();
    expect([opener.streamCount, host.streamCount]).toEqual([0, 0]);
  });

  test('an end that wanted nothing of what the other has sent to its end frees the stream', async () => {
    const { opener, host, accepted } = muxPair();
    const stream = opener.open(bytes(9));
    await stream.write([bytes(1)]);
    stream.end();
    await settle();
    const peer = accepted[0]!;
    peer.stopReading();
    await peer.write([bytes(4)]);
    peer.end();
    expect(await stream.read()).toEqual(bytes(4));
    expect(await stream.read()).toBeUndefined();
    await settle();
    expect([opener.streamCount, host.streamCount]).toEqual([0, 0]);
  });

  test('a reader that takes nothing stops its writer at the window, and nobody else', async () => {
    const { opener, accepted } = muxPair();
    const slow = opener.open(bytes());
    const chunk = new Uint8Array(32 * 1024);
    let written = 0;
    const writing = (async () => {
      for (let count = 0; count < 64; count += 1) {
        await slow.write([chunk]);
        written += chunk.byteLength + MESSAGE_OVERHEAD_BYTES;
      }
    })();
    await settle();
    await settle();
    expect(written).toBeLessThanOrEqual(LIMITS.streamWindowBytes);
    expect(written).toBeGreaterThan(LIMITS.streamWindowBytes - 2 * chunk.byteLength);
    const fast = opener.open(bytes());
    await fast.write([bytes(7)]);
    await settle();
    expect(await accepted[1]!.read()).toEqual(bytes(7));
    for (let count = 0; count < 64; count += 1) await accepted[0]!.read();
    await writing;
  });

  test('takes turns: a small stream is not behind a large one', async () => {
    const { opener, accepted, acceptor } = muxPair();
    const order: number[] = [];
    const large = opener.open(bytes());
    const small = opener.open(bytes());
    await settle();
    for (const [index, stream] of accepted.entries()) {
      void (async () => {
        while ((await stream.read()) !== undefined) order.push(index);
      })();
    }
    for (let count = 0; count < 20; count += 1) void large.write([new Uint8Array(30_000)]);
    void small.write([bytes(1)]);
    await settle();
    await settle();
    expect(acceptor.state).toBe('open');
    expect(order.indexOf(1)).toBeLessThan(20);
    expect(order).toHaveLength(21);
  });

  test('a reset ends both sides with its code and returns the credit of what was unread', async () => {
    const { opener, host, accepted } = muxPair();
    for (let round = 0; round < 80; round += 1) {
      const stream = opener.open(bytes());
      for (let count = 0; count < 20; count += 1)
        void stream.write([new Uint8Array(32_000)]).catch(() => undefined);
      await settle();
      stream.reset('CANCELLED');
      await settle();
      await expect(accepted.at(-1)!.read()).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    // 80 × 640 kB is more than the link's window: had it leaked, this would hang.
    const last = opener.open(bytes());
    await last.write([bytes(1)]);
    await settle();
    expect(await accepted.at(-1)!.read()).toEqual(bytes(1));
    expect(host.streamCount).toBe(1);
  });

  test('a side that has answered may stop reading; its answer stays readable', async () => {
    const { opener, accepted } = muxPair();
    const stream = opener.open(bytes());
    const upload = (async () => {
      for (let count = 0; count < 100; count += 1) await stream.write([new Uint8Array(32_000)]);
    })();
    await settle();
    const peer = accepted[0]!;
    void peer.write([bytes(13)]);
    peer.end();
    peer.stopReading();
    await expect(upload).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await stream.read()).toEqual(bytes(13));
    expect(await stream.read()).toBeUndefined();
    expect(opener.streamCount).toBe(0);
  });

  test('a side that stops reading behind the peer’s last message leaves no stream behind', async () => {
    const { opener, host, accepted } = muxPair();
    const stream = opener.open(bytes());
    await stream.write([bytes(1)]);
    stream.end();
    await settle();
    accepted[0]!.stopReading();
    accepted[0]!.end();
    await settle();
    expect([opener.streamCount, host.streamCount]).toEqual([0, 0]);
  });

  test('the end of the link fails everything pending, and what comes after', async () => {
    const { opener, initiator } = muxPair();
    const stream = opener.open(bytes());
    const reading = stream.read();
    initiator.close('SESSION_ENDED');
    await expect(reading).rejects.toMatchObject({ code: 'SESSION_ENDED' });
    await expect(opener.open(bytes()).write([bytes(1)])).rejects.toMatchObject({
      code: 'SESSION_ENDED',
    });
    expect(opener.streamCount).toBe(0);
  });

  test('refuses streams above the cap', async () => {
    const { opener } = muxPair();
    const streams = Array.from({ length: LIMITS.maxStreams + 1 }, () => opener.open(bytes()));
    await settle();
    await expect(streams.at(-1)!.read()).rejects.toMatchObject({ code: 'REFUSED' });
    expect(streams[0]!.error).toBeUndefined();
  });

  test('without a taker every stream is refused', async () => {
    const { initiator, acceptor } = linkedPair();
    const opener = new Mux(initiator);
    new Mux(acceptor);
    await expect(opener.open(bytes()).read()).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

describe('a peer that breaks the rules loses the link', () => {
  const header = (type: number, stream: number): Uint8Array => streamHeader(type, stream);
  test.each<[string, Uint8Array[][]]>([
    ['data for a stream that never was', [[header(StreamFrameType.DATA, 7), bytes(1)]]],
    [
      'an id that does not rise',
      [[header(StreamFrameType.OPEN, 3)], [header(StreamFrameType.OPEN, 3)]],
    ],
    ['an id of the wrong side', [[header(StreamFrameType.OPEN, 2)]]],
    ['a stream numbered zero', [[header(StreamFrameType.OPEN, 0)]]],
    ['credit of nothing', [[header(StreamFrameType.OPEN, 1)], [encodeCredit(1, 0)]]],
    ['credit beyond counting', [[encodeCredit(0, Number.MAX_SAFE_INTEGER)]]],
    [
      'data after the end',
      [
        [header(StreamFrameType.OPEN, 1)],
        [header(StreamFrameType.END, 1)],
        [header(StreamFrameType.DATA, 1)],
      ],
    ],
    [
      'two ends',
      [
        [header(StreamFrameType.OPEN, 1)],
        [header(StreamFrameType.END, 1)],
        [header(StreamFrameType.END, 1)],
      ],
    ],
    [
      'more than its credit',
      [
        [header(StreamFrameType.OPEN, 1)],
        ...Array.from({ length: LIMITS.streamWindowBytes / (32 * 1024) + 1 }, () => [
          header(StreamFrameType.DATA, 1),
          new Uint8Array(32 * 1024),
        ]),
      ],
    ],
  ])('%s', async (_, frames) => {
    const { initiator, acceptor, host } = muxPair();
    for (const frame of frames) initiator.send(frame);
    await settle();
    await settle();
    expect(acceptor.closeError?.code).toBe('PROTOCOL_ERROR');
    expect(host.streamCount).toBe(0);
  });
});
