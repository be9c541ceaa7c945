import {
  PUSHES_TARGET,
  SPEED_TARGET,
  TOGETHER_TARGET,
  type Direction,
  type ExchangeEnd,
  type ExchangeObserver,
  type ExchangeWatch,
  type Piece,
  type RequestHead,
  type ResponseHead,
} from '@wingman/protocol';
import { reservedPath } from '../exchange/target-readings.js';
import { ExchangeRecord } from './exchange-record.js';
import type { RecordStart } from './facts.js';
import type { RecordStore } from './record-store.js';

/** Noise would push out what somebody wants to see, and nobody is to keep where viewers are together. */
const UNSEEN: ReadonlySet<string | undefined> = new Set([
  PUSHES_TARGET,
  SPEED_TARGET,
  TOGETHER_TARGET,
]);

/** What a recorder has to know of the host whose exchanges it keeps. */
export interface RecordedHost extends Pick<RecordStart, 'sharedPort' | 'path'> {
  /** The round trip of a link now, in milliseconds; null when it isn't known. */
  rttOf(link: string): number | null;
}

/** An observer that keeps each exchange but for those that nobody is to see. */
export function recorder(store: RecordStore, host: RecordedHost): ExchangeObserver {
  const { sharedPort, path } = host;
  return (exchange) => {
    if (exchange.asked.port === 0 && UNSEEN.has(reservedPath(exchange.asked.target))) return;
    const rttMs = exchange.path === 'ingress' ? null : host.rttOf(exchange.link);
    const record = new ExchangeRecord(exchange, { id: store.nextId(), path, rttMs, sharedPort });
    store.add(record);
    const recording = new Recording(record, store);
    exchange.tap((direction, piece) => recording.passed(direction, piece));
    return recording;
  };
}

/** Writes what becomes of one exchange into its record. */
class Recording implements ExchangeWatch {
  constructor(
    private readonly record: ExchangeRecord,
    private readonly store: RecordStore,
  ) {}

  sent(head: RequestHead): void {
    this.record.sent(head);
    this.store.touch(this.record);
  }

  head(head: ResponseHead): void {
    this.record.answered(head);
    this.store.touch(this.record);
  }

  passed(direction: Direction, piece: Piece): void {
    this.record.passed(direction, piece);
    this.store.touch(this.record);
  }

  bodyEnd(direction: Direction, isComplete: boolean): void {
    this.record.bodyEnded(direction, isComplete);
    this.store.touch(this.record);
  }

  end(end: ExchangeEnd): void {
    this.record.ended(end);
    this.store.touch(this.record);
  }
}
