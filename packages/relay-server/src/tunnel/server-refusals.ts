import { CloseCode, WingmanError, type ErrorCode } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { HOST_LIMITS } from '../limits.js';

/** After these answers of the server, another try would end the same way. */
export const FINAL_CODES = new Set<string>([
  'PROTOCOL_ERROR',
  'HANDSHAKE_FAILED',
  'REFUSED',
  'SESSION_ENDED',
  'TOKEN_NEEDED',
  'NAME_IN_USE',
  'DENIED',
]);
/** Of these, the answers that another server need not give. */
export const OF_ONE_SERVER = new Set<string>(['TOKEN_NEEDED', 'DENIED']);
const FINAL_CLOSES = new Map<number, ErrorCode>([
  [CloseCode.HANDSHAKE_FAILED, 'HANDSHAKE_FAILED'],
  [CloseCode.SESSION_ENDED, 'SESSION_ENDED'],
  [CloseCode.REPLACED, 'REFUSED'],
]);

/** By a server's 429, which says when in whole seconds; the rest is left to chance, so that many hosts don't come together. */
export function toldWaitOf({ headers, statusCode }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'] ?? NaN);
  if (statusCode !== 429 || !Number.isInteger(seconds) || seconds < 0) return undefined;
  const { toldSpreadMs, toldWaitMs } = HOST_LIMITS;
  return Math.min(seconds * 1000, toldWaitMs) + toldSpreadMs * Math.random();
}

/** What the end of a connection means, by its close code. */
export function closeError(code: number, reason: string): WingmanError {
  return new WingmanError(FINAL_CLOSES.get(code) ?? 'CARRIER_CLOSED', reason);
}

/** What the developer can do about a refusal. */
const CURES = new Map([
  ['TOKEN_NEEDED', 'ask the operator for one, and give it by --token or WINGMAN_TOKEN'],
  ['NAME_IN_USE', '--take-over replaces it'],
]);

/** The server's own words, with a cure; a code this version doesn't know means: try again. */
export function refusalOf(code: string, message: string): WingmanError {
  const known = [...FINAL_CODES].includes(code);
  const text = [message, CURES.get(code) ?? []].flat().join('; ');
  return new WingmanError(known ? (code as ErrorCode) : 'CARRIER_CLOSED', text);
}
