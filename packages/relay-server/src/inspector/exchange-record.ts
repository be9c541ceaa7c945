import {
  headerValue,
  type Direction,
  type ExchangeEnd,
  type ObservedExchange,
  type Piece,
  type RequestHead,
  type ResponseHead,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { LiveFacts, type Facts, type RecordStart } from './facts.js';
import { KeptBytes } from './kept-bytes.js';
import { MessageLog } from './message-log.js';
import { packed, unpacked, type PackedFacts } from './packed-facts.js';

/** What the objects of a record take beside fields and bodies, in bytes. */
const FIGURES_BYTES = 512;

/** One exchange as the inspector keeps it. Once it has ended, nothing holds the exchange or its link any more. */
export class ExchangeRecord {
  readonly id: number;
  #facts: LiveFacts | PackedFacts;
  #isUploadComplete = false;
  #isDownloadComplete = false;
  #upload: KeptBytes | undefined;
  #download: KeptBytes | undefined;
  #messages: MessageLog | undefined;
  #isEventStream = false;
  #hasDropped = false;

  constructor(exchange: ObservedExchange, start: RecordStart) {
    this.id = start.id;
    this.#facts = new LiveFacts(exchange, start);
  }

  get facts(): Facts {
    return this.#facts instanceof LiveFacts ? this.#facts.at(undefined) : unpacked(this.#facts);
  }

  /** Whether its body is an event stream (HTML, section 9.2). */
  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  /** The memory that heads and figures take, in bytes. Heads of an exchange that runs are in memory for its own sake. */
  get factBytes(): number {
    return FIGURES_BYTES + (this.#facts instanceof LiveFacts ? 0 : this.#facts.text.size);
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

  /** Whether a body has come to its end. */
  isComplete(direction: Direction): boolean {
    return direction === 'upload' ? this.#isUploadComplete : this.#isDownloadComplete;
  }

  sent(head: RequestHead): void {
    if (this.#facts instanceof LiveFacts) this.#facts.sent = head;
  }

  answered(head: ResponseHead): void {
    if (this.#facts instanceof LiveFacts) this.#facts.head = head;
    const type = headerValue(head.headers, 'content-type') ?? '';
    this.#isEventStream = type.startsWith('text/event-stream');
  }

  bodyEnded(direction: Direction, isComplete: boolean): void {
    if (direction === 'upload') this.#isUploadComplete = isComplete;
    else this.#isDownloadComplete = isComplete;
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
    if (this.#facts instanceof LiveFacts) this.#facts = packed(this.#facts.at(end));
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

/** Stands for a body of which nothing has come. */
const NOTHING = new KeptBytes(0);

function newBody(): KeptBytes {
  return new KeptBytes(HOST_LIMITS.inspectorBodyBytes);
}
