import type { RecordedPath } from '@wingman/inspector';
import {
  headerValue,
  type BodyWaits,
  type Direction,
  type ExchangeEnd,
  type ExchangeTimes,
  type Header,
  type ObservedExchange,
  type Piece,
  type RequestHead,
  type ResponseHead,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { KeptBytes } from './kept-bytes.js';
import { MessageLog } from './message-log.js';

/** What the record of an exchange has beside heads and bodies, in bytes of memory: objects, times, a place in tables. */
const RECORD_OVERHEAD = 2_048;

/** What is known of an exchange's link when it begins. */
export interface RecordStart {
  readonly id: number;
  readonly path?: RecordedPath | undefined;
  /** In milliseconds. */
  readonly rttMs: number | null;
  /** The port when the request names none. */
  readonly sharedPort: number;
}

/** One exchange as the inspector keeps it. It holds nothing of the link, which may go before. */
export class ExchangeRecord {
  readonly id: number;
  readonly kind: ObservedExchange['kind'];
  readonly viewer: string;
  readonly port: number;
  readonly rttMs: number | null;
  /** In milliseconds since 1970. */
  readonly startedAt = Date.now();
  readonly asked: RequestHead;
  readonly times: ExchangeTimes;
  readonly counted: Readonly<Record<Direction, number>>;
  readonly waits: Readonly<Record<Direction, BodyWaits>>;
  readonly bodies = {
    upload: new KeptBytes(HOST_LIMITS.inspectorBodyBytes),
    download: new KeptBytes(HOST_LIMITS.inspectorBodyBytes),
  };
  readonly complete = { upload: false, download: false };
  readonly messages = new MessageLog();
  readonly #paths: readonly RecordedPath[];
  sent: RequestHead | undefined;
  head: ResponseHead | undefined;
  end: ExchangeEnd | undefined;
  #isEventStream = false;
  #hasDropped = false;
  #headBytes: number;

  constructor(exchange: ObservedExchange, { id, path, rttMs, sharedPort }: RecordStart) {
    this.id = id;
    this.kind = exchange.kind;
    this.viewer = path === undefined && exchange.path !== 'ingress' ? exchange.link : '';
    this.port = exchange.asked.port === 0 ? sharedPort : exchange.asked.port;
    this.rttMs = path === undefined && exchange.path !== 'ingress' ? rttMs : null;
    this.asked = exchange.asked;
    this.times = exchange.times;
    this.counted = exchange.bytes;
    this.waits = exchange.waits;
    this.#paths = path === undefined ? exchange.paths : [path];
    this.#headBytes =
      RECORD_OVERHEAD + sizeOf(exchange.asked.headers) + exchange.asked.target.length;
  }

  /** Every path that it was seen on, in order. */
  get paths(): readonly RecordedPath[] {
    return this.#paths;
  }

  /** Whether its body is a row of events (HTML, section 9.2). */
  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  /** Milliseconds from the first to the last of it; undefined while it runs. */
  get durationMs(): number | undefined {
    return this.times.end === undefined ? undefined : this.times.end - this.times.accepted;
  }

  /** The memory that it takes, in bytes. */
  get size(): number {
    const { upload, download } = this.bodies;
    return this.#headBytes + upload.size + download.size + this.messages.size;
  }

  get hasBodies(): boolean {
    return this.bodies.upload.size + this.bodies.download.size + this.messages.size > 0;
  }

  wasSent(head: RequestHead): void {
    this.sent = head;
    this.#headBytes += sizeOf(head.headers);
  }

  answered(head: ResponseHead): void {
    this.head = head;
    this.#headBytes += sizeOf(head.headers);
    const type = headerValue(head.headers, 'content-type') ?? '';
    this.#isEventStream = type.startsWith('text/event-stream');
  }

  passed(direction: Direction, piece: Piece): void {
    // What comes now is no beginning of a body.
    if (this.#hasDropped) return;
    const isMessage = this.kind === 'websocket' && piece.isLast !== undefined;
    if (isMessage) return this.messages.add(direction, piece);
    this.bodies[direction].add(piece.bytes);
    if (this.#isEventStream && direction === 'download') this.messages.add(direction, piece);
  }

  /** Forgets bodies and messages, for good, and keeps the heads. */
  dropBodies(): void {
    this.#hasDropped = true;
    this.bodies.upload.clear();
    this.bodies.download.clear();
    this.messages.clear();
  }
}

function sizeOf(headers: readonly Header[]): number {
  return headers.reduce((sum, { name, value }) => sum + name.length + value.length + 64, 0);
}
