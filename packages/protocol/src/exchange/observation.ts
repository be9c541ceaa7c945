import { systemClock, type Clock } from '../clock.js';
import type { RequestHead, ResponseHead } from '../gen/wingman/v1/exchange.js';
import type {
  Direction,
  ExchangeEnd,
  ExchangeObserver,
  ExchangePath,
  ExchangeTimes,
  ExchangeWatch,
  ObservedExchange,
  Piece,
  Tap,
} from './observer.js';

/** What is known about an exchange when it begins. */
export interface ExchangeStart extends Pick<ObservedExchange, 'kind' | 'link' | 'asked'> {
  /** Returns the path that carries the exchange now. */
  readonly path: () => ExchangePath;
}

/** The observers of one end. An observer that throws harms nobody, and is told nothing more about that exchange. */
export class ExchangeObservers {
  readonly #observers = new Set<ExchangeObserver>();
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #count = 0;

  /** `failed` is called with the errors of observers. */
  constructor(failed: (error: unknown) => void = () => undefined, clock: Clock = systemClock) {
    this.#failed = failed;
    this.#clock = clock;
  }

  /** Whether nobody observes. Then no observation need begin. */
  get isEmpty(): boolean {
    return this.#observers.size === 0;
  }

  /** Adds an observer of all later exchanges. Returns the function that removes it. */
  add(observer: ExchangeObserver): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** An exchange has begun. */
  begin(start: ExchangeStart): Observation {
    const observation = new Observation(++this.#count, start, this.#clock, this.#failed);
    for (const observer of this.#observers) observation.admit(observer);
    return observation;
  }
}

/** Tells the observers of one exchange what happens. The code that runs the exchange calls it. */
export class Observation implements ObservedExchange {
  readonly kind: ObservedExchange['kind'];
  readonly link: string;
  readonly asked: RequestHead;
  readonly bytes = { upload: 0, download: 0 };
  readonly waits = {
    upload: { sender: 0, receiver: 0 },
    download: { sender: 0, receiver: 0 },
  };
  readonly #path: () => ExchangePath;
  readonly #paths: ExchangePath[] = [];
  readonly #times: { -readonly [Hop in keyof ExchangeTimes]: ExchangeTimes[Hop] };
  readonly #watches = new Set<ExchangeWatch>();
  readonly #taps = new Set<Tap>();

  /** Use `ExchangeObservers.begin`. */
  constructor(
    readonly id: number,
    { kind, link, asked, path }: ExchangeStart,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {
    this.kind = kind;
    this.link = link;
    this.asked = asked;
    this.#path = path;
    const never = { sent: undefined, head: undefined, firstByte: undefined, end: undefined };
    this.#times = { accepted: clock.now(), ...never };
    this.#seePath();
  }

  get path(): ExchangePath {
    return this.#path();
  }

  get paths(): readonly ExchangePath[] {
    return this.#paths;
  }

  get times(): ExchangeTimes {
    return this.#times;
  }

  tap(tap: Tap): () => void {
    // Wrapped, so that a tap that was added twice can be removed once.
    const own: Tap = (direction, piece) => tap(direction, piece);
    this.#taps.add(own);
    return () => void this.#taps.delete(own);
  }

  /** Asks an observer what it wants to be told about this exchange. */
  admit(observer: ExchangeObserver): void {
    try {
      const watch = observer(this);
      if (watch !== undefined) this.#watches.add(watch);
    } catch (error) {
      this.failed(error);
    }
  }

  /** The request's head goes to the next hop. */
  sent(head: RequestHead): void {
    this.#times.sent ??= this.clock.now();
    this.#tell((watch) => watch.sent?.(head));
  }

  interim(head: ResponseHead): void {
    this.#tell((watch) => watch.interim?.(head));
  }

  head(head: ResponseHead): void {
    this.#times.head ??= this.clock.now();
    this.#seePath();
    this.#tell((watch) => watch.head?.(head));
  }

  /** A piece passes. */
  passed(direction: Direction, piece: Piece): void {
    this.bytes[direction] += piece.bytes.byteLength;
    if (direction === 'download') this.#times.firstByte ??= this.clock.now();
    for (const tap of this.#taps) {
      try {
        tap(direction, piece);
      } catch (error) {
        this.#taps.delete(tap);
        this.failed(error);
      }
    }
  }

  bodyEnd(direction: Direction, isComplete: boolean): void {
    this.#tell((watch) => watch.bodyEnd?.(direction, isComplete));
  }

  /** The exchange is over. Only the first end counts. */
  end(end: ExchangeEnd): void {
    if (this.#times.end !== undefined) return;
    this.#times.end = this.clock.now();
    this.#seePath();
    this.#tell((watch) => watch.end?.(end));
    this.#watches.clear();
    this.#taps.clear();
  }

  /** Wraps a body so that its pieces and its end are told. */
  watchBody(direction: Direction, body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#watched(direction, body[Symbol.asyncIterator]()) };
  }

  /** No generator: a generator that was never started would not tell the source that nobody wants the body. */
  #watched(direction: Direction, source: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array> {
    const waits = this.waits[direction];
    let isOver = false;
    let handedOnAt: number | undefined;
    const over = (isComplete: boolean): void => {
      if (!isOver) this.bodyEnd(direction, isComplete);
      isOver = true;
    };
    return {
      next: async () => {
        const askedAt = this.clock.now();
        waits.receiver += askedAt - (handedOnAt ?? askedAt);
        try {
          const result = await source.next();
          handedOnAt = this.clock.now();
          waits.sender += handedOnAt - askedAt;
          if (result.done === true) over(true);
          else this.passed(direction, { bytes: result.value });
          return result;
        } catch (error) {
          over(false);
          throw error;
        }
      },
      return: async () => {
        over(false);
        await source.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  #seePath(): void {
    const path = this.#path();
    if (this.#paths.at(-1) !== path) this.#paths.push(path);
  }

  #tell(event: (watch: ExchangeWatch) => void): void {
    for (const watch of this.#watches) {
      try {
        event(watch);
      } catch (error) {
        this.#watches.delete(watch);
        this.failed(error);
      }
    }
  }
}
