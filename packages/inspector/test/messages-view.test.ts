import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { h } from 'preact';
import type { ExchangeDetail, LiveMessage } from '../src/api/index.js';
import { eventLines, MessagesView } from '../src/page/messages-view.js';
import { detailOf, doing, Feed, settled, show, textOf, textsOf, usePage } from './support/page.js';

const page = usePage();

const message = (id: number, fields: Partial<LiveMessage> = {}): LiveMessage => ({
  ...{ id, at: 0, direction: 'download', isText: true, bytes: 2, data: `m${id}`, isCut: false },
  ...fields,
});

async function showMessages(fields: Partial<ExchangeDetail> = {}): Promise<Feed> {
  const feed = new Feed();
  const exchange = detailOf({ kind: 'websocket', ...fields });
  page.host.answer(`exchanges/${exchange.id}/messages`, feed);
  await show(page.root, h(MessagesView, { exchange }));
  return feed;
}

const rows = (): string[][] =>
  [...page.root.querySelectorAll('.message')].map((row) => textsOf(row, 'span').slice(0, 3));
const said = (): string | undefined => textOf(page.root, '[role=status]');

describe('the messages of a WebSocket', () => {
  test('are lines with direction, text and size', async () => {
    const feed = await showMessages();
    await feed.tell(
      message(1, { direction: 'upload', data: 'ask' }),
      message(2, { data: 'AAE=', isText: false, bytes: 2 }),
      message(3, { data: 'long', isCut: true, bytes: 4_096 }),
    );
    expect(rows()).toEqual([
      ['↑', 'ask', '2 B'],
      ['↓', 'binary, AAE=', '2 B'],
      ['↓', 'long…', '4.0 KiB'],
    ]);
    expect(said()).toBe('3 messages');
  });

  test('say what is no longer kept, and how the socket was closed', async () => {
    await showMessages({ droppedMessages: 5, close: { code: 1001, reason: 'going away' } });
    expect(said()).toBe('0 messages, 5 older ones are not kept; closed with 1001 going away');
  });

  test('are as many as the host keeps: the oldest go', async () => {
    const feed = await showMessages();
    await feed.tell(...Array.from({ length: 1_003 }, (_, at) => message(at + 1)));
    expect(said()).toBe('1000 messages');
    const box = page.root.querySelector<HTMLElement>('.messages')!;
    box.scrollTop = 0;
    await doing(() => box.dispatchEvent(new Event('scroll')));
    expect(rows()[0]?.[1]).toBe('m4');
  });

  test('come anew after the stream broke, each once', async () => {
    const feed = await showMessages();
    await feed.tell(message(1), message(2));
    const next = new Feed();
    page.host.answer('exchanges/1/messages', next);
    feed.cut();
    for (let frame = 0; frame < 70; frame++) await settled();
    await next.tell(message(1), message(2), message(3));
    expect(rows().map(([, text]) => text)).toEqual(['m1', 'm2', 'm3']);
  });

  test('of another exchange take their place, and the stream before is left', async () => {
    const first = await showMessages({ id: 1 });
    await first.tell(message(1, { data: 'first' }));
    const second = await showMessages({ id: 2 });
    await second.tell(message(1, { data: 'second' }));
    expect(first.isLeft).toBe(true);
    expect(rows().map(([, text]) => text)).toEqual(['second']);
  });
});

describe('the events of a stream', () => {
  test('are lines with their names', async () => {
    const feed = await showMessages({ kind: 'http', type: 'text/event-stream' });
    const data = Buffer.from('event: price\ndata: 12\n\ndata: plain\n\n').toString('base64');
    await feed.tell(message(1, { data, isText: false }));
    expect(rows()).toEqual([
      ['price', '12', '2 B'],
      ['message', 'plain', '5 B'],
    ]);
    expect(said()).toBe('2 events');
  });

  test('are the same however they were cut into pieces', () => {
    const bytes = Buffer.from('data: ä€\n\nevent: b\ndata: 1\ndata: 😀\n\n: note\n\ndata: end\n\n');
    const whole = ['ä€', '1\n😀', 'end'];
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places.sort((one, other) => one - other), bytes.length];
        const pieces = ends.map((end, at) => {
          const data = bytes.subarray(ends[at - 1] ?? 0, end).toString('base64');
          return message(at + 1, { data, isText: false });
        });
        expect(eventLines(pieces).map(({ text }) => text)).toEqual(whole);
      }),
    );
  });
});
