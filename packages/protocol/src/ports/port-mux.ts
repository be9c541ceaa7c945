import { systemClock, type Clock, type Timer } from '../clock.js';
import { WingmanError } from '../errors.js';
import { PORT_LIMITS } from '../limits.js';

/** What crosses the port. A stream begins with its opening, which the other end acknowledges at once. */
type Envelope<Opening, Message> = { stream: number } & (
  { opening: Opening } | { message: Message } | { isAccepted: true }
);

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
  const post = (envelope: Envelope<Opening, Out>, transfer: Transferable[] = []): void =>
    port.postMessage(envelope, transfer);
  port.onmessage = ({ data }: MessageEvent<Envelope<Opening, In>>) => {
    const { stream: id } = data;
    if ('message' in data) streams.get(id)?.onmessage?.({ data: data.message });
    if (!('opening' in data)) return;
    post({ stream: id, isAccepted: true });
    const stream = new PortStream<Out, In>(
      (message, transfer) => post({ stream: id, message }, transfer),
      () => streams.delete(id),
    );
    streams.set(id, stream);
    accept(stream, data.opening);
  };
}

export interface PortMuxOptions {
  /** The other end has not acknowledged a stream in time: all streams have failed, and the port is closed. */
  onSilence?: () => void;
  clock?: Clock;
}

/** Opens streams on one MessagePort: a port for each would cost more than most exchanges do. */
export class PortMux<Opening, Out, In> {
  readonly #streams = new Map<number, PortStream<Out, In>>();
  readonly #unaccepted = new Map<number, Timer>();
  #lastId = 0;
  #isRetired = false;
  #error: WingmanError | undefined;

  constructor(
    private readonly port: MessagePort,
    private readonly options: PortMuxOptions = {},
  ) {
    port.onmessage = ({ data }: MessageEvent<Envelope<Opening, In>>) => {
      const { stream: id } = data;
      this.#accepted(id);
      // A stream that has been closed here may still be sent something.
      if ('message' in data) this.#streams.get(id)?.onmessage?.({ data: data.message });
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
      this.#awaitSign(id, PORT_LIMITS.signLooks);
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
    for (const stream of [...this.#streams.values()]) stream.fail(error);
    this.port.close();
  }

  #remove(id: number): void {
    this.#streams.delete(id);
    this.#accepted(id);
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#isRetired && this.#streams.size === 0) this.close(gone());
  }

  #accepted(id: number): void {
    this.#unaccepted.get(id)?.cancel();
    this.#unaccepted.delete(id);
  }

  /** More than one look: after a sleep of the machine the first comes before the answer that is there already. */
  #awaitSign(id: number, looks: number): void {
    const { clock = systemClock } = this.options;
    const look = (): void => (looks > 1 ? this.#awaitSign(id, looks - 1) : this.#silent());
    this.#unaccepted.set(id, clock.setTimeout(look, PORT_LIMITS.signMs));
  }

  #silent(): void {
    this.close(gone());
    if (!this.#isRetired) this.options.onSilence?.();
  }

  #post(envelope: Envelope<Opening, Out>, transfer: Transferable[] = []): void {
    this.port.postMessage(envelope, transfer);
  }
}

function gone(): WingmanError {
  return new WingmanError('LINK_LOST', 'nobody serves this port');
}
