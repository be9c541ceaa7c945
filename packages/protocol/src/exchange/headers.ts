import { Header } from '../gen/wingman/v1/exchange.js';

import { create } from './proto-message.js';

/** Fields that concern one connection only (RFC 9110 section 7.6.1, and the fields that proxies treat the same way). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Makes one header with its name in lower case. */
export function header(name: string, value: string): Header {
  return create(Header, { name: name.toLowerCase(), value });
}

/** Headers from a flat list of names and values, the form of Node's `rawHeaders` and of undici. */
export function headersFromRaw(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    headers.push(header(raw[index] ?? '', raw[index + 1] ?? ''));
  }
  return headers;
}

/** A flat list of names and values. */
export function headersToRaw(headers: readonly Header[]): string[] {
  return headers.flatMap(({ name, value }) => [name, value]);
}

/** The values of a field, joined as RFC 9110 section 5.3 allows; undefined when absent. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const values = headers.filter((field) => field.name === name).map((field) => field.value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The status text if a status line may carry it (RFC 9112 section 4), else an empty one. */
export function reasonPhrase(statusText: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(statusText) ? statusText : '';
}

/** Removes the fields that concern one connection, and those that `Connection` names. */
export function stripHopByHop(headers: readonly Header[]): Header[] {
  const named = (headerValue(headers, 'connection') ?? '')
    .split(',')
    .map((token) => token.trim().toLowerCase());
  return headers.filter(({ name }) => !HOP_BY_HOP.has(name) && !named.includes(name));
}

/** Whether an answer has no body, whatever its fields say (RFC 9110 sections 6.4.1 and 15.3.6). */
export function hasNoBody(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || [204, 205, 304].includes(status);
}
