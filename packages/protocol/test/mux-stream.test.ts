import { describe, expect, test } from '@jest/globals';
import { WingmanError } from '../src/errors.js';
import { LIMITS } from '../src/limits.js';
import { MESSAGE_OVERHEAD_BYTES, MuxStream } from '../src/mux/mux-stream.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);
const gone = new WingmanError('LINK_LOST', 'gone');

/** A stream, and a mux that does nothing but write down what it is told. */
function bench() {
  const log: string[] = [];
  let returned = 0;
  const stream = new MuxStream({
    wants: () => log.push('wants'),
    returned: (count) => void (returned += count),
    credit: (_, count) => log.push(`credit ${count}`),
    reset: (_, code) => log.push(`reset ${code}`),
    finished: () => log.push('finished'),
  });
  /** Sends all that waits, as a mux with credit does. */
  const sendAll = (): string[] => {
    const sent: string[] = [];
    for (let next = stream.nextOutgoing; next !== undefined; next = stream.nextOutgoing) {
      sent.push(next.type);
      stream.sentOutgoing();
    }
    return sent;
  };
  return { stream, log, sendAll, returned: () => returned };
}

describe('writing', () => {
  test('waits until the mux has sent the message', async () => {
    const { stream, sendAll } = bench();
    let isSent = false;
    const writing = stream.write([bytes(1), bytes(2, 3)]).then(() => (isSent = true));
    await Promise.resolve();
    expect(isSent).toBe(false);
    expect(stream.nextOutgoing).toMatchObject({ type: 'data', cost: 3 + MESSAGE_OVERHEAD_BYTES });
    expect(sendAll()).toEqual(['data']);
    await writing;
    expect(stream.sendCredit.available).toBe(LIMITS.streamWindowBytes - 3 - MESSAGE_OVERHEAD_BYTES);
  });

  test('is for the time after the peer is known, unless the stream is early', () => {
    expect(bench().stream.isEarly).toBe(false);
  });

  test('asks for a turn each time, and keeps its order', () => {
    const { stream, log, sendAll } = bench();
    void stream.enqueue('open', [bytes(9, 9)]);
    void stream.write([bytes(1)]);
    stream.end();
    expect(log).toEqual(['wants', 'wants', 'wants']);
    expect(stream.nextOutgoing).toMatchObject({ type: 'open', cost: 0 });
    expect(sendAll()).toEqual(['open', 'data', 'end']);
    stream.sentOutgoing();
    expect(stream.sendCredit.available).toBe(LIMITS.streamWindowBytes - 1 - MESSAGE_OVERHEAD_BYTES);
  });

  test('is refused behind the end, which is said once', async () => {
    const { stream, sendAll } = bench();
    stream.end();
    stream.end();
    await expect(stream.write([])).rejects.toMatchObject({
      code: 'CANCELLED',
      message: 'write after end',
    });
    expect(sendAll()).toEqual(['end']);
  });

  test('is over with a message that is the last', async () => {
    const { stream, sendAll } = bench();
    void stream.writeHead([bytes(1)], true);
    stream.end();
    await expect(stream.write([])).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(stream.nextOutgoing).toMatchObject({ type: 'head', isLast: true });
    expect(sendAll()).toEqual(['head']);
    stream.receiveEnd();
    expect(stream.isFinished).toBe(true);
  });

  test('fails with the stream, what waits and what comes', async () => {
    const { stream, log } = bench();
    const waiting = stream.write([bytes(1)]);
    stream.fail(gone);
    await expect(waiting).rejects.toBe(gone);
    await expect(stream.write([bytes(2)])).rejects.toBe(gone);
    stream.end();
    expect(stream.nextOutgoing).toBeUndefined();
    expect(log).toEqual(['wants', 'finished']);
  });
});

describe('reading', () => {
  test('takes what has come in order, then waits', async () => {
    const { stream } = bench();
    stream.receive(bytes(1));
    stream.receive(bytes(2));
    expect([await stream.read(), await stream.read()]).toEqual([bytes(1), bytes(2)]);
    const waiting = stream.read();
    stream.receive(bytes(3));
    expect(await waiting).toEqual(bytes(3));
    stream.receive(bytes(4));
    stream.receiveEnd();
    expect(await stream.read()).toEqual(bytes(4));
    expect(await stream.read()).toBeUndefined();
  });

  test('the end wakes a reader', async () => {
    const { stream } = bench();
    const waiting = stream.read();
    stream.receiveEnd();
    expect(await waiting).toBeUndefined();
  });

  test('a failure drops what is unread, and is told to this reader and the next', async () => {
    const { stream, returned } = bench();
    const waiting = stream.read();
    stream.fail(gone);
    await expect(waiting).rejects.toBe(gone);
    await expect(stream.read()).rejects.toBe(gone);
    const other = bench();
    other.stream.receive(bytes(1, 2));
    other.stream.fail(gone);
    expect(other.returned()).toBe(2 + MESSAGE_OVERHEAD_BYTES);
    expect(returned()).toBe(0);
    await expect(other.stream.read()).rejects.toBe(gone);
  });

  test('returns credit for what was taken: to the link at once, to the stream by eighths of its window', async () => {
    const { stream, log, returned } = bench();
    const size = LIMITS.streamWindowBytes / 16 - MESSAGE_OVERHEAD_BYTES;
    stream.receive(new Uint8Array(size));
    stream.receive(new Uint8Array(size));
    expect(returned()).toBe(0);
    await stream.read();
    expect([returned(), log]).toEqual([LIMITS.streamWindowBytes / 16, []]);
    await stream.read();
    // The reader keeps up, so the window is doubled.
    expect(log).toEqual([`credit ${LIMITS.streamWindowBytes * 1.125}`]);
  });

  test('returns none to a stream whose end has come', async () => {
    const { stream, log, returned } = bench();
    stream.receive(new Uint8Array(LIMITS.streamWindowBytes - MESSAGE_OVERHEAD_BYTES));
    stream.receiveEnd();
    await stream.read();
    expect([returned(), log]).toEqual([LIMITS.streamWindowBytes, []]);
  });

  test('of a peer that has no credit is an error', () => {
    const { stream } = bench();
    expect(() => stream.receive(new Uint8Array(LIMITS.streamWindowBytes))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR', message: 'sent without credit' }),
    );
  });

  test('of what comes behind the end is an error', () => {
    const { stream } = bench();
    stream.receiveEnd();
    const broken = (message: string) =>
      expect.objectContaining({ code: 'PROTOCOL_ERROR', message });
    expect(() => stream.receive(bytes())).toThrow(broken('data after end'));
    expect(() => stream.receiveEnd()).toThrow(broken('second end'));
  });
});

describe('a stream is over', () => {
  test.each([
    ['ours first', ['end', 'receive']],
    ['the peer’s first', ['receive', 'end']],
  ])('after both ends, %s', (_, order) => {
    const { stream, log, sendAll } = bench();
    for (const step of order) {
      expect(stream.isFinished).toBe(false);
      if (step === 'receive') stream.receiveEnd();
      else {
        stream.end();
        sendAll();
      }
    }
    expect(stream.isFinished).toBe(true);
    expect(log.filter((line) => line === 'finished')).toHaveLength(1);
    stream.reset('CANCELLED');
    stream.fail(gone);
    expect(stream.error).toBeUndefined();
    expect(log).not.toContain('reset CANCELLED');
  });

  test('after our reset, which is sent once', async () => {
    const { stream, log } = bench();
    stream.reset('UPSTREAM_ABORTED');
    stream.reset('CANCELLED');
    expect(log).toEqual(['reset UPSTREAM_ABORTED', 'finished']);
    expect(stream.error).toMatchObject({
      code: 'UPSTREAM_ABORTED',
      message: 'stream reset: UPSTREAM_ABORTED',
    });
    await expect(stream.read()).rejects.toMatchObject({ code: 'UPSTREAM_ABORTED' });
  });

  test('after a reset of the peer that has not ended', async () => {
    const { stream, log } = bench();
    const failures: string[] = [];
    stream.onFailure(({ code }) => failures.push(`failure ${code}`));
    stream.onStopSending(({ code }) => failures.push(`stop ${code}`));
    stream.receiveReset(gone);
    expect(failures).toEqual(['stop LINK_LOST', 'failure LINK_LOST']);
    expect([stream.error, log]).toEqual([gone, ['finished']]);
  });

  test.each(['none', 'ours', 'the peer’s'])('when it fails after %s end', (which) => {
    const { stream, log, sendAll } = bench();
    if (which === 'ours') stream.end();
    sendAll();
    if (which === 'the peer’s') stream.receiveEnd();
    stream.fail(gone);
    expect([stream.isFinished, stream.error, log.at(-1)]).toEqual([true, gone, 'finished']);
    stream.end();
    expect(stream.nextOutgoing).toBeUndefined();
  });

  test('a failure is told at once to whoever asks later', () => {
    const { stream } = bench();
    stream.fail(gone);
    const told: unknown[] = [];
    stream.onFailure((error) => told.push(error));
    stream.onStopSending((error) => told.push(error));
    expect(told).toEqual([gone, gone]);
  });
});

describe('a reset behind the peer’s end', () => {
  test('stops our sending, and leaves what has come readable', async () => {
    const { stream, log } = bench();
    const told: string[] = [];
    stream.onFailure(() => told.push('failure'));
    stream.onStopSending(() => told.push('stop'));
    stream.receive(bytes(1));
    stream.receiveEnd();
    const waiting = stream.write([bytes(2)]);
    stream.receiveReset(gone);
    await expect(waiting).rejects.toBe(gone);
    expect([told, stream.error]).toEqual([['stop'], undefined]);
    expect(await stream.read()).toEqual(bytes(1));
    expect(await stream.read()).toBeUndefined();
    await expect(stream.write([])).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(log.at(-1)).toBe('finished');
    stream.receiveReset(gone);
    expect(log.filter((line) => line === 'finished')).toHaveLength(1);
  });
});

describe('a side that reads no more', () => {
  test('drops what has come and what comes, and returns its cost to the link', () => {
    const { stream, log, returned } = bench();
    stream.receive(bytes(1));
    stream.stopReading();
    expect(returned()).toBe(1 + MESSAGE_OVERHEAD_BYTES);
    stream.receive(bytes(2, 3));
    expect(returned()).toBe(3 + 2 * MESSAGE_OVERHEAD_BYTES);
    expect(log).toEqual([]);
  });

  test('tells the peer once it has itself ended', () => {
    const { stream, log, sendAll } = bench();
    stream.stopReading();
    stream.end();
    expect(log).toEqual(['wants']);
    sendAll();
    expect(log).toEqual(['wants', 'reset CANCELLED', 'finished']);
    const ended = bench();
    ended.stream.end();
    ended.sendAll();
    ended.stream.stopReading();
    expect(ended.log).toEqual(['wants', 'reset CANCELLED', 'finished']);
  });

  test('tells nobody when both ends are out', () => {
    const { stream, log, sendAll, returned } = bench();
    stream.receive(bytes(1));
    stream.receiveEnd();
    stream.end();
    sendAll();
    stream.stopReading();
    expect(log).toEqual(['wants', 'finished']);
    expect(returned()).toBe(1 + MESSAGE_OVERHEAD_BYTES);
  });
});
