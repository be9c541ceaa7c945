import { formatBytes } from '@wingman/protocol';
import { createParser } from 'eventsource-parser';
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ExchangeDetail, LiveMessage } from '../api/index.js';
import { follow } from './api.js';
import { formatTime } from './format.js';
import { useVirtualRows } from './virtual-rows.js';

/** As many as the host keeps. */
const MESSAGES = 1_000;
/** Also in inspector.css. */
const ROW_HEIGHT = 26;

/** One line: a message of a WebSocket, or an event. */
interface Line {
  readonly at: number;
  readonly mark: string;
  readonly text: string;
  readonly size: string;
}

/** The messages of a WebSocket, or the events of an event stream, as they come. */
export function MessagesView({ exchange }: { readonly exchange: ExchangeDetail }): VNode {
  const messages = useMessages(exchange.id);
  const isEvents = exchange.kind === 'http';
  const lines = useMemo(
    () => (isEvents ? eventLines(messages) : messages.map(messageLine)),
    [messages, isEvents],
  );
  const box = useRef<HTMLDivElement | null>(null);
  const { rows, height, scrollTo } = useVirtualRows(box, lines.length, ROW_HEIGHT);
  useEffect(() => {
    if (lines.length > 0) scrollTo(lines.length - 1);
  }, [lines.length]);
  return (
    <>
      <p class="quiet" role="status">
        {lines.length} {isEvents ? 'events' : 'messages'}
        {exchange.droppedMessages > 0
          ? `, ${exchange.droppedMessages} older ones are not kept`
          : ''}
        {exchange.close === undefined
          ? ''
          : `; closed with ${exchange.close.code} ${exchange.close.reason}`}
      </p>
      <div ref={box} class="messages" tabIndex={0} role="group" aria-label="Messages">
        <div class="canvas" style={{ height: `${height}px` }}>
          {rows.map(({ index, start }) => (
            <Row key={index} line={lines[index]} start={start} />
          ))}
        </div>
      </div>
    </>
  );
}

function Row({ line, start }: { readonly line: Line | undefined; readonly start: number }) {
  if (line === undefined) return null;
  return (
    <div class="message" style={{ transform: `translateY(${start}px)` }} title={line.text}>
      <span class="mark">{line.mark}</span>
      <span class="text">{line.text}</span>
      <span>{line.size}</span>
      <span>{formatTime(line.at)}</span>
    </div>
  );
}

function useMessages(id: number): readonly LiveMessage[] {
  const [messages, setMessages] = useState<readonly LiveMessage[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    let waiting: LiveMessage[] = [];
    const show = (): void => {
      const news = waiting;
      waiting = [];
      setMessages((known) => [...known, ...news].slice(-MESSAGES));
    };
    void follow<LiveMessage>(
      `exchanges/${id}/messages`,
      {
        // A burst of them is drawn once.
        event: (message) => {
          if (waiting.push(message) === 1) requestAnimationFrame(show);
        },
        connected: () => setMessages([]),
      },
      leaving.signal,
    );
    return () => leaving.abort();
  }, [id]);
  return messages;
}

function messageLine({ at, direction, isText, data, bytes, isCut }: LiveMessage): Line {
  const text = isText ? data : `binary, ${data}`;
  return {
    at,
    mark: direction === 'upload' ? '↑' : '↓',
    text: isCut ? `${text}…` : text,
    size: formatBytes(bytes),
  };
}

/** Pieces end anywhere; events at an empty line (HTML, section 9.2.6). */
export function eventLines(pieces: readonly LiveMessage[]): Line[] {
  const lines: Line[] = [];
  let at = 0;
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => {
      lines.push({ at, mark: event, text: data, size: formatBytes(data.length) });
    },
  });
  const decoder = new TextDecoder();
  for (const piece of pieces) {
    at = piece.at;
    const bytes = Uint8Array.from(atob(piece.data), (char) => char.charCodeAt(0));
    parser.feed(decoder.decode(bytes, { stream: true }));
  }
  return lines;
}
