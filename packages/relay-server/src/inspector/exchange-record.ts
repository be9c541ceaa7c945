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

/** What is known of an exchange's link when it begins. */
export interface RecordStart {
  readonly id: number;
  readonly path?: RecordedPath | undefined;
  /** In milliseconds. */
  readonly rttMs: number | null;
  /** The port when the request names none. */
  readonly sharedPort: number;
}

/** What the objects of a record take beside fields and bodies, in bytes. */
const FIGURES_BYTES = 512;

/** What a record says beside its bodies. */
interface Facts {
  readonly id: number;
  readonly kind: ObservedExchange['kind'];
  /** The id of the viewer's link; empty when no viewer has asked. */
  readonly viewer: string;
  readonly port: number;
  readonly rttMs: number | null;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly asked: RequestHead;
  readonly times: ExchangeTimes;
  /** Bytes of bodies or messages that have passed. */
  readonly counted: Readonly<Record<Direction, number>>;
  readonly waits: Readonly<Record<Direction, BodyWaits>>;
  /** Every path that it was seen on, in order. */
  readonly paths: readonly RecordedPath[];
  /** Whether each body has come to its end. */
  readonly complete: Record<Direction, boolean>;
  sent?: RequestHead;
  head?: ResponseHead;
  end?: ExchangeEnd;
}

/**
 * One exchange as the inspector keeps it. It holds nothing of the link, which may go before. Once it has ended, the
 * fields of its heads are one string: ten thousand records of a hundred objects each would keep the garbage collector busy.
 */
export class ExchangeRecord {
  readonly id: number;
  #facts: Facts;
  /** The fields of its heads, once it has ended. */
  #fields: string | undefined;
  #upload: KeptBytes | undefined;
  #download: KeptBytes | undefined;
  #messages: MessageLog | undefined;
  #isEventStream = false;
  #hasDropped = false;
  #fieldBytes: number;

  constructor(exchange: ObservedExchange, { id, path, rttMs, sharedPort }: RecordStart) {
    const { kind, asked, link, times, bytes: counted, waits } = exchange;
    const isViewers = path === undefined && exchange.path !== 'ingress';
    this.id = id;
    this.#facts = {
      ...{ id, kind, asked, times, counted, waits, startedAt: Date.now() },
      viewer: isViewers ? link : '',
      port: asked.port === 0 ? sharedPort : asked.port,
      rttMs: isViewers ? rttMs : null,
      paths: path === undefined ? exchange.paths : [path],
      complete: { upload: false, download: false },
    };
    this.#fieldBytes = sizeOf(asked.headers) + asked.target.length;
  }

  get facts(): Facts {
    return this.#fields === undefined ? this.#facts : unpacked(this.#facts, this.#fields);
  }

  /** Whether its body is an event stream (HTML, section 9.2). */
  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  /** The memory that heads and figures take, in bytes. */
  get factBytes(): number {
    return FIGURES_BYTES + (this.#fields?.length ?? this.#fieldBytes);
  }

  /** The memory that bodies and messages take, in bytes. */
  get bodyBytes(): number {
    const { size: upload } = this.#upload ?? NOTHING;
    const { size: download } = this.#download ?? NOTHING;
    return upload + download + (this.#messages?.size ?? 0);
  }

  get messages(): MessageLog {
    this.#messages ??= new MessageLog();
    return this.#messages;
  }

  /** What is kept of a body, from its beginning. */
  body(direction: Direction): Buffer {
    return ((direction === 'upload' ? this.#upload : this.#download) ?? NOTHING).bytes;
  }

  sent(head: RequestHead): void {
    this.#facts.sent = head;
    this.#fieldBytes += sizeOf(head.headers);
  }

  answered(head: ResponseHead): void {
    this.#facts.head = head;
    this.#fieldBytes += sizeOf(head.headers);
    const type = headerValue(head.headers, 'content-type') ?? '';
    this.#isEventStream = type.startsWith('text/event-stream');
  }

  bodyEnded(direction: Direction, isComplete: boolean): void {
    this.#facts.complete[direction] = isComplete;
  }

  passed(direction: Direction, piece: Piece): void {
    // What comes now is no beginning of a body.
    if (this.#hasDropped) return;
    // A part of a WebSocket's message says whether it is the last; the body of a refusal has pieces.
    if (piece.isLast !== undefined) return this.messages.add(direction, piece);
    this.#keep(direction).add(piece.bytes);
    if (this.#isEventStream && direction === 'download') this.messages.add(direction, piece);
  }

  ended(end: ExchangeEnd): void {
    const { asked, sent, head } = this.#facts;
    this.#fields = packed(this.#facts);
    this.#facts = {
      ...this.#facts,
      asked: bare(asked),
      ...(sent !== undefined && { sent: bare(sent) }),
      ...(head !== undefined && { head: bare(head) }),
      end,
    };
  }

  /** Forgets bodies and messages, for good, and keeps the heads. */
  dropBodies(): void {
    this.#hasDropped = true;
    this.#upload = undefined;
    this.#download = undefined;
    this.#messages?.clear();
  }

  #keep(direction: Direction): KeptBytes {
    if (direction === 'upload') return (this.#upload ??= newBody());
    return (this.#download ??= newBody());
  }
}

const NO_FIELDS: Header[] = [];

/** Stands for a body of which nothing has come. */
const NOTHING = new KeptBytes(0);

function newBody(): KeptBytes {
  return new KeptBytes(HOST_LIMITS.inspectorBodyBytes);
}

/** Stands between fields: no value of one has the end of a line (RFC 9110 section 5.5), and no name a colon. */
const LINE = '\n';
/** Stands between heads. */
const PART = '\n\n';

/** The fields of the three heads in one string. Most go to the app as they came: their place says enough. */
function packed({ asked, sent, head }: Facts): string {
  const sentLines = sent?.headers.map((header) => {
    const place = asked.headers.indexOf(header);
    return place === -1 ? lineOf(header) : `${place}`;
  });
  const heads = [asked.headers.map(lineOf), sentLines ?? [], head?.headers.map(lineOf) ?? []];
  return heads.map((lines) => lines.join(LINE)).join(PART);
}

/** `packed`, undone. */
function unpacked(facts: Facts, fields: string): Facts {
  const [askedLines = '', sentLines = '', headLines = ''] = fields.split(PART);
  const headers = fieldsOf(askedLines);
  const { asked, sent, head } = facts;
  return {
    ...facts,
    asked: { ...asked, headers },
    ...(sent !== undefined && { sent: { ...sent, headers: fieldsOf(sentLines, headers) } }),
    ...(head !== undefined && { head: { ...head, headers: fieldsOf(headLines) } }),
  };
}

/** A head without its fields, which are packed. */
function bare<Head extends { readonly headers: Header[] }>(head: Head): Head {
  return { ...head, headers: NO_FIELDS };
}

function lineOf({ name, value }: Header): string {
  return `${name}:${value}`;
}

/** A line without a colon is the place of a field in another head. */
function fieldsOf(lines: string, other: readonly Header[] = []): Header[] {
  if (lines === '') return [];
  return lines.split(LINE).flatMap((line) => {
    const colon = line.indexOf(':');
    if (colon === -1) return other[Number(line)] ?? [];
    return { name: line.slice(0, colon), value: line.slice(colon + 1) };
  });
}

/** A field is two strings, an object, and its place in an array. */
function sizeOf(headers: readonly Header[]): number {
  return headers.reduce((sum, { name, value }) => sum + name.length + value.length + 64, 0);
}
