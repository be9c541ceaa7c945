import {
  abortedBy,
  headerValue,
  PROBLEM_HEADER,
  toWingmanError,
  type ErrorCode,
  type ExchangeObservers,
  type HttpResponse,
  type Observation,
  type Path,
} from '@wingman/protocol';
import type { LinkStatus } from '../shared/status.js';
import { toRequestHead } from './messages.js';
import type { SendRequest } from './serve-fetch.js';

/** The same way, told to observers while there are any. */
export function observed(
  send: SendRequest,
  observers: ExchangeObservers,
  /** The link now, and what carries it. */
  status: () => Pick<LinkStatus, 'link' | 'mode'>,
): SendRequest {
  return async (head, options) => {
    if (observers.isEmpty) return send(head, options);
    const asked = toRequestHead(head);
    const path = (): Path => status().mode;
    const observation = observers.begin({ kind: 'http', link: status().link.id, asked, path });
    const { body } = options;
    const watched = body === undefined ? {} : { body: observation.watchBody('upload', body) };
    observation.sent(asked);
    try {
      return answered(observation, await send(head, { ...options, ...watched }));
    } catch (error) {
      throw aborted(observation, error);
    }
  };
}

function answered(observation: Observation, response: HttpResponse): HttpResponse {
  observation.head(response.head);
  const code = headerValue(response.head.headers, PROBLEM_HEADER) as ErrorCode | undefined;
  const source = observation.watchBody('download', response.body)[Symbol.asyncIterator]();
  const body: AsyncIterator<Uint8Array> = {
    next: async () => {
      try {
        const result = await source.next();
        if (result.done !== true) return result;
        observation.end(
          code === undefined ? { outcome: 'complete' } : { outcome: 'refused', code },
        );
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
