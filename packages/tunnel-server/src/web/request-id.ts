import { REQUEST_ID_FIELD, usableRequestId } from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { removeField } from './fields.js';

const ID_BYTES = 8;

/**
 * Gives a request an id, by which it is found in the logs of every node, at the host and at the app. One that it comes
 * with, as from a proxy, stays, if a log can hold it.
 */
export function nameRequest(req: IncomingMessage): void {
  if (requestIdOf(req) !== undefined) return;
  removeField(req, REQUEST_ID_FIELD);
  const id = randomBytes(ID_BYTES).toString('hex');
  req.headers[REQUEST_ID_FIELD] = id;
  req.rawHeaders.push('X-Request-Id', id);
}

/** What a request is called; undefined before `nameRequest`. */
export function requestIdOf({ headers }: IncomingMessage): string | undefined {
  return usableRequestId([headers[REQUEST_ID_FIELD]].flat().join());
}
