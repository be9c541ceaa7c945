import {
  PUSHES_TARGET,
  SPEED_TARGET,
  TOGETHER_TARGET,
  type ExchangeObserver,
} from '@wingman/protocol';
import { reservedPath } from '../exchange/target-readings.js';
import { ExchangeRecord, type RecordStart } from './exchange-record.js';
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
    const changed = (): void => store.touch(record);
    store.add(record);
    exchange.tap((direction, piece) => {
      record.passed(direction, piece);
      changed();
    });
    return {
      sent: (head) => {
        record.sent(head);
        changed();
      },
      head: (head) => {
        record.answered(head);
        changed();
      },
      bodyEnd: (direction, isComplete) => {
        record.bodyEnded(direction, isComplete);
        changed();
      },
      end: (end) => {
        record.ended(end);
        changed();
      },
    };
  };
}
