import { systemClock, type Clock, type Timer } from '../clock.js';
import { WingmanError } from '../errors.js';
import { PORT_LIMITS } from '../limits.js';

/**
 * What crosses the port to the end that serves streams. A stream begins with its opening. Any message that comes back on
 * a stream shows that this opening and all earlier ones were seen. When no message comes, the opener asks for a sign.
 */
type ToServer<Opening, Message> =
  | { stream: number; opening: Opening }
  | { stream: number; message: Message }
  | { asksForSign: true };

type ToOpener<Message> =
  | { stream: number; message: Message }
  | { seen: number }
  /** An older version of the serving end sends this for each stream: a tab may be older than its service worker. */
  | { stream: number; isAccepted: true };

/** One conversation on a shared port; it is used as a MessagePort of its own would be. */
export class PortStream<Out, In> {
  onmessage: ((event: { data: In }) => unknown) | null = null;
  /** Told once when the port or its other end is gone. */
  onfailure: ((error: WingmanError) => void) | null = null;
  readonly #post: (message: Out, transfer: Transferable[]) => void;
  readonly #closed: () => void;
  #isClosed = false;

  /** Use `PortMux.open`. */
  constructor(post: (message: Out, transfer: Transferable[]) => void, closed: () => void) {
    this.#post = post;
    this.#closed = closed;
  }

  /** Sends to the other end; what is sent after `close` goes nowhere. */
  postMessage(message: Out, transfer: Transferable[] = []): void {
    if (!this.#isClosed) this.#post(message, transfer);
  }

  /** Nothing more is sent or heard; the other end is not told, because every exchange has a last message. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onmessage = this.onfailure = null;
    this.#closed();
  }

  /** The other end is gone. */
  fail(error: WingmanError): void {
    const tell = this.onfailure;
    this.close();
    tell?.(error);
  }
}

/** Serves the streams that the other end of a port opens. */
export function serveStreams<Opening, Out, In>(
  port: MessagePort,
  accept: (stream: PortStream<Out, In>, opening: Opening) => void,
): void {
  const streams = new Map<number, PortStream<Out, In>>();
  const post = (envelope: ToOpener<Out>, transfer: Transferable[] = []): void =>
    port.postMessage(envelope, transfer);
  let seen = 0;
  port.onmessage = ({ data }: MessageEvent<ToServer<Opening, In>>) => {
    if ('asksForSign' in data) return post({ seen });
    const { stream: id } = data;
    if ('message' in data) return void streams.get(id)?.onmessage?.({ data: data.message });
    seen = id;
    const stream = new PortStream<Out, In>(
      (message, transfer) => post({ stream: id, message }, transfer),
      () => streams.delete(id),
    );
    streams.set(id, stream);
    accept(stream, data.opening);
  };
}

export interface PortMuxOptions {
  /** The other end gave no sign of life in time. All streams have failed, and the port is closed. */
  onSilence?: () => void;
  clock?: Clock;
}

/** Opens streams on one MessagePort: a port for each would cost more than most exchanges do. */
export class PortMux<Opening, Out, In> {
  readonly #streams = new Map<number, PortStream<Out, In>>();
  #lastId = 0;
  /** The newest stream that the other end has seen. It has seen all earlier ones, too. */
  #seen = 0;
  /** One timer for all streams. It runs while there may be a stream that the other end has not seen. */
  #timer: Timer | undefined;
  /** The newest stream at the time of the previous look. */
  #looked = 0;
  /** How many looks in a row have found a stream unseen that was there at the previous look. */
  #looks = 0;
  #isRetired = false;
  #error: WingmanError | undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly options: PortMuxOptions = {},
  ) {
    port.onmessage = ({ data }: MessageEvent<ToOpener<In>>) => {
      if ('seen' in data) return this.#sees(data.seen);
      this.#sees(data.stream);
      if (!('message' in data)) return;
      // A stream that has been closed here may still be sent something.
      this.#streams.get(data.stream)?.onmessage?.({ data: data.message });
    };
  }

  /** Opens a stream; it fails with LINK_LOST when the other end doesn't show that it lives. */
  open(opening: Opening): PortStream<Out, In> {
    const id = ++this.#lastId;
    const stream = new PortStream<Out, In>(
      (message, transfer) => this.#post({ stream: id, message }, transfer),
      () => this.#remove(id),
    );
    const error = this.#error;
    if (error === undefined) {
      this.#streams.set(id, stream);
      this.#post({ stream: id, opening });
      this.#watch();
    } else {
      // Its opener has to listen first.
      queueMicrotask(() => stream.fail(error));
    }
    return stream;
  }

  /** Another port takes this one's place: it is closed when nothing is under way on it. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfIdle();
  }

  /** Closes the port; what is under way fails. */
  close(error: WingmanError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#timer?.cancel();
    for (const stream of [...this.#streams.values()]) stream.fail(error);
    this.port.close();
  }

  #remove(id: number): void {
    this.#streams.delete(id);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#isRetired && this.#streams.size === 0) this.close(gone());
  }

  /** The port keeps order, so an end that has seen a stream has seen all earlier ones. */
  #sees(id: number): void {
    if (id <= this.#seen) return;
    this.#seen = id;
    this.#looks = 0;
  }

  #watch(): void {
    if (this.#timer !== undefined) return;
    this.#looked = this.#lastId;
    this.#looks = 0;
    this.#lookLater();
  }

  #lookLater(): void {
    const { clock = systemClock } = this.options;
    this.#timer = clock.setTimeout(() => this.#look(), PORT_LIMITS.signMs);
  }

  /** One look is not enough. After a sleep of the machine, the first look runs before a waiting answer is read. */
  #look(): void {
    this.#timer = undefined;
    const oldest = [...this.#streams.keys()].find((id) => id > this.#seen);
    if (oldest === undefined) return;
    // A stream that was opened after the previous look has not had enough time yet.
    this.#looks = oldest <= this.#looked ? this.#looks + 1 : 0;
    this.#looked = this.#lastId;
    if (this.#looks >= PORT_LIMITS.signLooks) return this.#silent();
    this.#post({ asksForSign: true });
    this.#lookLater();
  }

  #silent(): void {
    this.close(gone());
    if (!this.#isRetired) this.options.onSilence?.();
  }

  #post(envelope: ToServer<Opening, Out>, transfer: Transferable[] = []): void {
    this.port.postMessage(envelope, transfer);
  }
}

function gone(): WingmanError {
  return new WingmanError('LINK_LOST', 'nobody serves this port');
}
