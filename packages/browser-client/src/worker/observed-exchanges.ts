import {
  ABNORMAL_CLOSURE,
  abortedBy,
  create,
  header,
  headerValue,
  PROBLEM_HEADER,
  ResponseHead,
  toWingmanError,
  WebSocketRejected,
  type ErrorCode,
  type ExchangeEnd,
  type ExchangeObservers,
  type HttpResponse,
  type Observation,
  type Path,
  type RequestHead,
  type WebSocketClose,
  type WebSocketWatch,
} from '@wingman/protocol';
import type { LinkStatus } from '../shared/status.js';
import { toOpeningHead, toRequestHead } from './messages.js';
import type { SendRequest } from './serve-fetch.js';
import type { OpenSocket } from './serve-web-socket.js';

/** Tells the present link and its path. */
type StatusNow = () => Pick<LinkStatus, 'link' | 'mode'>;

/** Sends requests by `send`, and tells observers of them while there are any. */
export function observed(
  send: SendRequest,
  observers: ExchangeObservers,
  status: StatusNow,
): SendRequest {
  return async (head, options) => {
    if (observers.isEmpty) return send(head, options);
    const observation = begin('http', toRequestHead(head), observers, status);
    const { body } = options;
    const watched = body === undefined ? {} : { body: observation.watchBody('upload', body) };
    try {
      return answered(observation, await send(head, { ...options, ...watched }));
    } catch (error) {
      throw aborted(observation, error);
    }
  };
}

/** Opens WebSockets by `open`, and tells observers of them while there are any. */
export function observedSockets(
  open: OpenSocket,
  observers: ExchangeObservers,
  status: StatusNow,
): OpenSocket {
  return async (request, options) => {
    if (observers.isEmpty) return open(request, options);
    const observation = begin('websocket', toOpeningHead(request), observers, status);
    const watch: WebSocketWatch = {
      part: (direction, part) =>
        observation.passed(direction === 'sent' ? 'upload' : 'download', part),
      ended: (close) => closed(observation, close),
    };
    try {
      const socket = await open(request, { ...options, watch });
      socket.accepted.then(
        ({ protocol }) => observation.head(acceptingHead(protocol)),
        (error: unknown) => refused(observation, error),
      );
      return socket;
    } catch (error) {
      throw aborted(observation, error);
    }
  };
}

function begin(
  kind: Observation['kind'],
  asked: RequestHead,
  observers: ExchangeObservers,
  status: StatusNow,
): Observation {
  const path = (): Path => status().mode;
  const observation = observers.begin({ kind, link: status().link.id, asked, path });
  observation.sent(asked);
  return observation;
}

function acceptingHead(protocol: string): ResponseHead {
  const headers = protocol === '' ? [] : [header('sec-websocket-protocol', protocol)];
  return create(ResponseHead, { status: 101, headers });
}

/** A WebSocket that fails closes with 1006, and the reason is the code. */
function closed(observation: Observation, close: WebSocketClose): void {
  if (close.code !== ABNORMAL_CLOSURE) return observation.end({ outcome: 'complete', close });
  const code = close.reason === '' ? 'UPSTREAM_ABORTED' : (close.reason as ErrorCode);
  observation.end({ outcome: 'aborted', code, by: abortedBy(code) });
}

/** The app, or the host in its place, has answered the opening request with an ordinary response. */
function refused(observation: Observation, error: unknown): void {
  if (!(error instanceof WebSocketRejected)) return void aborted(observation, error);
  observation.head(error.head);
  observation.end(endOf(error.head));
}

/** How an answer with this head has ended when all of it has come. */
function endOf({ headers }: ResponseHead): ExchangeEnd {
  // Only the host gives this field, and only one of its codes.
  const code = headerValue(headers, PROBLEM_HEADER) as ErrorCode | undefined;
  return code === undefined ? { outcome: 'complete' } : { outcome: 'refused', code };
}

function answered(observation: Observation, response: HttpResponse): HttpResponse {
  observation.head(response.head);
  const source = observation.watchBody('download', response.body)[Symbol.asyncIterator]();
  const body: AsyncIterator<Uint8Array> = {
    next: async () => {
      try {
        const result = await source.next();
        if (result.done !== true) return result;
        observation.end(endOf(response.head));
        return result;
      } catch (error) {
        throw aborted(observation, error);
      }
    },
    return: async () => {
      observation.end({ outcome: 'aborted', code: 'CANCELLED', by: 'opener' });
      await source.return?.();
      return { done: true, value: undefined };
    },
  };
  return { ...response, body: { [Symbol.asyncIterator]: () => body } };
}

function aborted(observation: Observation, error: unknown): unknown {
  const { code } = toWingmanError(error, 'INTERNAL');
  observation.end({ outcome: 'aborted', code, by: abortedBy(code) });
  return error;
}
