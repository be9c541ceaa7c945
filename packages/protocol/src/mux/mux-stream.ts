import { WingmanError, type ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { FOLLOWS_NONE } from '../wire/link-frame.js';
import { StateMachine, type TransitionTable } from '../state-machine.js';
import { ReceiveCredit, SendCredit } from './credit.js';

/** Counted on top of every message, so that empty messages can't pile up free of charge. */
export const MESSAGE_OVERHEAD_BYTES = 16;

/**
 * As in RFC 9113 section 5.1. open: both sides may send. half-closed-local: our END is out.
 * half-closed-remote: the peer's END has come. closed: both of these. reset: either side, or the end of the link,
 * has ended both directions at once.
 */
type StreamState = 'open' | 'half-closed-local' | 'half-closed-remote' | 'closed' | 'reset';

const TRANSITIONS: TransitionTable<StreamState> = {
  open: ['half-closed-local', 'half-closed-remote', 'reset'],
  'half-closed-local': ['closed', 'reset'],
  'half-closed-remote': ['closed', 'reset'],
  closed: [],
  reset: [],
};

/** One frame that a stream wants to send. */
export interface Outgoing {
  /** A head is data that may go packed. */
  readonly type: 'open' | 'head' | 'data' | 'end';
  /** Whether nothing follows from this side: an END belongs to the frame, or the frame is one. */
  readonly isLast: boolean;
  readonly parts: readonly Uint8Array[];
  /** The credit that the frame costs, in bytes. */
  readonly cost: number;
  readonly sent?: () => void;
  readonly failed?: (error: WingmanError) => void;
}

/** What a stream needs of its mux. */
export interface StreamOwner {
  /** The stream has something to send. */
  wants(stream: MuxStream): void;
  /** Bytes were taken by the reader, or dropped. */
  returned(bytes: number): void;
  credit(stream: MuxStream, bytes: number): void;
  reset(stream: MuxStream, code: ErrorCode): void;
  /** Both directions have ended. */
  finished(stream: MuxStream): void;
}

interface Reader {
  resolve(message: Uint8Array | undefined): void;
  reject(error: WingmanError): void;
}

/** One two-way sequence of messages inside a link, with byte credit in each direction. */
export class MuxStream {
  /** 0 until its OPEN frame goes out. */
  id = 0;
  /** The number of its last frame on the link. */
  lastFrame = FOLLOWS_NONE;
  readonly sendCredit = new SendCredit(LIMITS.streamWindowBytes);
  readonly #receiveCredit: ReceiveCredit;
  readonly #outbox: Outgoing[] = [];
  readonly #inbox: Uint8Array[] = [];
  readonly #failureListeners = new Set<(error: WingmanError) => void>();
  readonly #stopListeners = new Set<(error: WingmanError) => void>();
  readonly #machine = new StateMachine(TRANSITIONS, 'open');
  #reader: Reader | undefined;
  #error: WingmanError | undefined;
  /** Whether our END is out, or waits behind what has been written. */
  #isEnding = false;
  /** Nobody reads any more. */
  #isDiscarding = false;

  /** The frames of an early stream may leave before the peer is known: see `Link.send`. */
  constructor(
    private readonly owner: StreamOwner,
    readonly isEarly = false,
  ) {
    this.#receiveCredit = new ReceiveCredit(
      LIMITS.streamWindowBytes,
      (bytes) => owner.credit(this, bytes),
      LIMITS.widestWindowBytes,
    );
  }

  /** Why the stream has failed, if it has. */
  get error(): WingmanError | undefined {
    return this.#error;
  }

  get isFinished(): boolean {
    return this.#machine.state === 'closed' || this.#machine.state === 'reset';
  }

  get #hasSentEnd(): boolean {
    return this.#machine.state === 'half-closed-local' || this.#machine.state === 'closed';
  }

  get #hasReceivedEnd(): boolean {
    return this.#machine.state === 'half-closed-remote' || this.#machine.state === 'closed';
  }

  /**
   * Sends one message. Resolves when the message has been handed to the link: writers wait for that. The parts must
   * not change until then. Rejects with the code of the reset, or with CANCELLED after `end`. The last message ends
   * this side.
   */
  write(parts: readonly Uint8Array[], isLast = false): Promise<void> {
    return this.enqueue('data', parts, isLast);
  }

  /** As `write`, for a message of a type byte and Protocol Buffers, which may go packed. */
  writeHead(parts: readonly Uint8Array[], isLast = false): Promise<void> {
    return this.enqueue('head', parts, isLast);
  }

  /** Ends this side behind the messages that have been written. */
  end(): void {
    if (this.#isEnding || this.#error !== undefined) return;
    this.enqueue('end', [], true).catch(() => undefined);
  }

  /** Queues one frame. The mux calls this for the OPEN of its own streams. */
  enqueue(type: Outgoing['type'], parts: readonly Uint8Array[], isLast = false): Promise<void> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#isEnding) return Promise.reject(new WingmanError('CANCELLED', 'write after end'));
    const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const cost = type === 'data' || type === 'head' ? length + MESSAGE_OVERHEAD_BYTES : 0;
    this.#isEnding = isLast;
    return new Promise((sent, failed) => {
      this.#outbox.push({ type, isLast, parts, cost, sent, failed });
      this.owner.wants(this);
    });
  }

  /** The next message, or undefined after the peer's last; rejects when the stream has failed. */
  read(): Promise<Uint8Array | undefined> {
    const message = this.#inbox.shift();
    if (message !== undefined) {
      this.#took(message);
      return Promise.resolve(message);
    }
    if (this.#hasReceivedEnd) return Promise.resolve(undefined);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  /** Ends both directions at once and drops what is unread; idempotent. */
  reset(code: ErrorCode): void {
    if (this.isFinished) return this.#dropInbox();
    this.owner.reset(this, code);
    this.fail(new WingmanError(code, `stream reset: ${code}`));
  }

  /**
   * Stops reading: what arrives is dropped. Once our own side has ended, the peer is told to stop sending. The
   * peer can still read what we have sent.
   */
  stopReading(): void {
    if (this.isFinished) return this.#dropInbox();
    this.#isDiscarding = true;
    this.#dropInbox();
    if (this.#hasSentEnd) this.reset('CANCELLED');
  }

  /** Calls back when the stream fails, or at once if it has failed. */
  onFailure(listener: (error: WingmanError) => void): void {
    if (this.#error !== undefined) return listener(this.#error);
    this.#failureListeners.add(listener);
  }

  /** Calls back when the peer wants nothing more from us, or when the stream fails. */
  onStopSending(listener: (error: WingmanError) => void): void {
    if (this.#error !== undefined) return listener(this.#error);
    this.#stopListeners.add(listener);
  }

  /** The frame that goes out next. */
  get nextOutgoing(): Outgoing | undefined {
    return this.#outbox[0];
  }

  /** The mux has sent `nextOutgoing`. */
  sentOutgoing(): void {
    const outgoing = this.#outbox.shift();
    if (outgoing === undefined) return;
    this.sendCredit.spend(outgoing.cost);
    outgoing.sent?.();
    if (!outgoing.isLast) return;
    this.#machine.demand(this.#hasReceivedEnd ? 'closed' : 'half-closed-local');
    this.#finishIfClosed();
    if (this.#isDiscarding) this.reset('CANCELLED');
  }

  /** A message has come from the peer. */
  receive(message: Uint8Array): void {
    this.#receiveCredit.arrived(message.byteLength + MESSAGE_OVERHEAD_BYTES);
    if (this.#hasReceivedEnd) throw new WingmanError('PROTOCOL_ERROR', 'data after end');
    if (this.#isDiscarding) return this.owner.returned(costOf(message));
    const reader = this.#reader;
    if (reader === undefined) {
      this.#inbox.push(message);
      return;
    }
    this.#reader = undefined;
    this.#took(message);
    reader.resolve(message);
  }

  receiveEnd(): void {
    if (this.#hasReceivedEnd) throw new WingmanError('PROTOCOL_ERROR', 'second end');
    this.#machine.demand(this.#hasSentEnd ? 'closed' : 'half-closed-remote');
    this.#reader?.resolve(undefined);
    this.#reader = undefined;
    this.#finishIfClosed();
  }

  /** The peer has reset the stream. After the peer's end this only stops our sending; before, the stream fails. */
  receiveReset(error: WingmanError): void {
    if (!this.#hasReceivedEnd) return this.fail(error);
    if (this.isFinished) return;
    this.#isEnding = true;
    this.#machine.demand('closed');
    this.#stopSending(error);
    this.#finishIfClosed();
  }

  /** The stream or its link is gone. Everything that is pending ends with this error. */
  fail(error: WingmanError): void {
    if (this.isFinished) return;
    this.#error = error;
    this.#machine.demand('reset');
    this.#dropInbox();
    this.#reader?.reject(error);
    this.#reader = undefined;
    this.#stopSending(error);
    for (const listener of this.#failureListeners) listener(error);
    this.#failureListeners.clear();
    this.owner.finished(this);
  }

  #finishIfClosed(): void {
    if (this.#machine.state !== 'closed') return;
    this.#failureListeners.clear();
    this.#stopListeners.clear();
    this.owner.finished(this);
  }

  #stopSending(error: WingmanError): void {
    for (const outgoing of this.#outbox.splice(0)) outgoing.failed?.(error);
    for (const listener of this.#stopListeners) listener(error);
    this.#stopListeners.clear();
  }

  #dropInbox(): void {
    for (const message of this.#inbox.splice(0)) this.owner.returned(costOf(message));
  }

  #took(message: Uint8Array): void {
    const cost = costOf(message);
    this.owner.returned(cost);
    if (!this.#hasReceivedEnd && this.#error === undefined) this.#receiveCredit.taken(cost);
  }
}

function costOf(message: Uint8Array): number {
  return message.byteLength + MESSAGE_OVERHEAD_BYTES;
}
