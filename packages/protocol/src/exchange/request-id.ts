import { headerValue } from './headers.js';
import type { Header } from '../gen/wingman/v1/exchange.js';

/** By this field proxies and apps commonly say what a request is called in their logs. */
export const REQUEST_ID_FIELD = 'x-request-id';

/** What a log can hold: neither a line of its own nor much text. */
const USABLE = /^[\w.:-]{1,64}$/;

/** The id that a request has come with; undefined when there is none, or none that a log can hold. */
export function givenRequestId(headers: readonly Header[]): string | undefined {
  return usableRequestId(headerValue(headers, REQUEST_ID_FIELD));
}

/** The id itself when a log can hold it. */
export function usableRequestId(given: string | undefined): string | undefined {
  return given !== undefined && USABLE.test(given) ? given : undefined;
}
