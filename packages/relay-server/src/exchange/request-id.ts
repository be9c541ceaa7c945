import { givenRequestId, header, REQUEST_ID_FIELD, type ObservedExchange } from '@wingman/protocol';
import type { Exchange } from './exchange.js';

/** Of a link's id so much tells tabs apart, and opens nothing. */
const LINK_CHARS = 8;

/**
 * What an exchange is called in the terminal, in events, on problem pages and at the app: the id that it has come with, or
 * the start of its link's id and its number at this host.
 */
export function requestIdOf({
  asked,
  id,
  link,
}: Pick<ObservedExchange, 'asked' | 'id' | 'link'>): string {
  return givenRequestId(asked.headers) ?? `${link.slice(0, LINK_CHARS)}-${id}`;
}

/** Tells the app what the request is called, unless whoever has asked says so already. */
export function tellRequestId({ observation, request }: Exchange): void {
  if (request.headers.some(({ name }) => name === REQUEST_ID_FIELD)) return;
  request.headers = [...request.headers, header(REQUEST_ID_FIELD, requestIdOf(observation))];
}
