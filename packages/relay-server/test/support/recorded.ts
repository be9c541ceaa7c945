import {
  create,
  ExchangeObservers,
  headersFromRaw,
  ResponseHead,
  type ExchangePath,
  type Observation,
} from '@wingman/protocol';
import { RecordStore } from '../../src/inspector/record-store.js';
import { recorder } from '../../src/inspector/recorder.js';
import { requestHead } from './tunnel.js';

/** What a recorded exchange is to be; headers are names and values in turn. */
export interface RecordedFields {
  method?: string;
  target?: string;
  headers?: string[];
  sent?: string[];
  status?: number;
  answer?: string[];
  body?: string | Uint8Array;
  answerBody?: string | Uint8Array;
  path?: ExchangePath;
  kind?: 'http' | 'websocket';
}

/** As if it were not known whose a link is. */
export const nobody = (): undefined => undefined;

/** A store with a recorder, and a clock that is set by hand. */
export function recording(store = new RecordStore(), rttMs: number | null = 20) {
  const time = { now: 0 };
  const clock = { now: () => time.now, setTimeout: () => ({ cancel: () => undefined }) };
  const observers = new ExchangeObservers((error) => {
    throw error;
  }, clock);
  observers.add(recorder(store, { sharedPort: 3000, rttOf: () => rttMs }));
  const begin = (fields: RecordedFields = {}): Observation => {
    const { method = 'GET', target = '/', headers = [], path = 'relay', kind = 'http' } = fields;
    const asked = requestHead({ method, target, headers, hasBody: fields.body !== undefined });
    return observers.begin({ kind, link: 'viewer-1', asked, path: () => path });
  };
  /** An exchange from its begin to its end. */
  const whole = (fields: RecordedFields = {}) => {
    const exchange = begin(fields);
    const { sent = fields.headers ?? [], status = 200, answer = [], body, answerBody } = fields;
    exchange.sent({ ...exchange.asked, headers: headersFromRaw(sent) });
    if (body !== undefined) exchange.passed('upload', { bytes: Buffer.from(body) });
    exchange.head(responseHead(status, answer));
    if (answerBody !== undefined) exchange.passed('download', { bytes: Buffer.from(answerBody) });
    exchange.bodyEnd('download', true);
    exchange.end({ outcome: 'complete' });
    return store.get(store.newestId)!;
  };
  return { store, time, begin, whole };
}

export function responseHead(status: number, headers: string[] = []): ResponseHead {
  return create(ResponseHead, { status, headers: headersFromRaw(headers) });
}
