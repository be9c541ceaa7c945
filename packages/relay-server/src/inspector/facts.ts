import type { RecordedPath } from '@wingman/inspector';
import type {
  Direction,
  ExchangeEnd,
  ExchangeTimes,
  ObservedExchange,
  RequestHead,
  ResponseHead,
} from '@wingman/protocol';

type Asked = Pick<RequestHead, 'method' | 'target' | 'headers'>;
type Sent = Pick<RequestHead, 'headers'>;
type Answer = Pick<ResponseHead, 'status' | 'statusText' | 'headers'>;

/** What is known of an exchange's link when it begins. */
export interface RecordStart {
  readonly id: number;
  readonly path?: RecordedPath | undefined;
  /** In milliseconds. */
  readonly rttMs: number | null;
  /** The port when the request names none. */
  readonly sharedPort: number;
}

/** What a record says beside its bodies. */
export interface Facts {
  readonly id: number;
  readonly kind: ObservedExchange['kind'];
  /** The id of the viewer's link; empty when no viewer has asked. */
  readonly viewer: string;
  readonly port: number;
  readonly rttMs: number | null;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly asked: Asked;
  readonly times: ExchangeTimes;
  /** Bytes of bodies or messages that have passed. They may grow after the end: an upload can outlive its answer. */
  readonly counted: Readonly<Record<Direction, number>>;
  /** How long the answer's body has waited for its receiver, in milliseconds. */
  readonly receiverMs: number;
  /** Every path that it was seen on, in order. */
  readonly paths: readonly RecordedPath[];
  readonly sent: Sent | undefined;
  readonly head: Answer | undefined;
  readonly end: ExchangeEnd | undefined;
}

/** The facts of an exchange that runs, read where they are: its heads take no memory of ours. */
export class LiveFacts {
  sent: RequestHead | undefined;
  head: ResponseHead | undefined;
  readonly #startedAt = Date.now();

  constructor(
    private readonly exchange: ObservedExchange,
    private readonly start: RecordStart,
  ) {}

  // No spreading here and below: it is slow, and done for each request that passes.
  at(end: ExchangeEnd | undefined): Facts {
    const { exchange, start, sent, head } = this;
    const { asked } = exchange;
    const isViewers = start.path === undefined && exchange.path !== 'ingress';
    return {
      id: start.id,
      kind: exchange.kind,
      viewer: isViewers ? exchange.link : '',
      port: asked.port === 0 ? start.sharedPort : asked.port,
      rttMs: isViewers ? start.rttMs : null,
      startedAt: this.#startedAt,
      asked: { method: asked.method, target: asked.target, headers: asked.headers },
      times: exchange.times,
      counted: exchange.bytes,
      receiverMs: exchange.waits.download.receiver,
      paths: start.path === undefined ? exchange.paths : [start.path],
      sent: sent && { headers: sent.headers },
      head: head && { status: head.status, statusText: head.statusText, headers: head.headers },
      end,
    };
  }
}
