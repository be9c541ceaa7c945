import type { ErrorCode, ExchangeObserver, ExchangePath, Header } from '@wingman/protocol';
import { headerValue } from '@wingman/protocol';
import { requestIdOf } from './request-id.js';
import { reservedPath } from './target-readings.js';

/** One request or WebSocket as a person is told of it; sizes in bytes, times in milliseconds. */
export interface RequestReport {
  /** What it is called at the app and on problem pages too. */
  readonly id: string;
  /** The viewer's link; undefined for plain HTTP. */
  readonly viewer: string | undefined;
  readonly kind: 'http' | 'websocket';
  readonly method: string;
  /** The other port that was named; 0 for the shared one. */
  readonly port: number;
  /** The path alone: what stands in a query may be a secret. */
  readonly page: string;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** open: a WebSocket or event stream has begun, and its end is not told. */
  readonly state: 'done' | 'open' | 'refused' | 'broken-off';
  /** Why it was refused or broken off. */
  readonly code: ErrorCode | undefined;
  /** From the request's head to now. */
  readonly ms: number;
  /** Of the answer's body. */
  readonly bytes: number;
  readonly path: ExchangePath;
}

/**
 * An observer that tells of each exchange once: at its end, or at its beginning when it may last. What was asked ahead of a
 * page and not used is nobody's request, and is not told.
 */
export function requestLog(tell: (report: RequestReport) => void): ExchangeObserver {
  return (exchange) => {
    const { asked, kind, times } = exchange;
    const { method, port } = asked;
    if (port === 0 && reservedPath(asked.target) !== undefined) return undefined;
    const id = requestIdOf(exchange);
    const viewer = exchange.path === 'ingress' ? undefined : exchange.link;
    const [page = ''] = asked.target.split('?', 1);
    let status: number | undefined;
    let isTold = false;
    const say = (state: RequestReport['state'], now: number, code?: ErrorCode): void => {
      if (isTold) return;
      isTold = true;
      const { path, bytes } = exchange;
      const ms = now - times.accepted;
      tell({
        id,
        viewer,
        kind,
        method,
        port,
        page,
        status,
        state,
        code,
        ms,
        bytes: bytes.download,
        path,
      });
    };
    return {
      head: (head) => {
        status = head.status;
        if (lasts(kind, head)) say('open', exchange.times.head ?? times.accepted);
      },
      end: (end) => {
        const now = exchange.times.end ?? times.accepted;
        if (end.outcome === 'complete') say('done', now);
        else if (end.outcome !== 'unused')
          say(end.outcome === 'refused' ? 'refused' : 'broken-off', now, end.code);
      },
    };
  };
}

interface Head {
  readonly status: number;
  readonly headers: readonly Header[];
}

function lasts(kind: RequestReport['kind'], { status, headers }: Head): boolean {
  if (kind === 'websocket') return status === 101;
  return headerValue(headers, 'content-type')?.startsWith('text/event-stream') === true;
}
