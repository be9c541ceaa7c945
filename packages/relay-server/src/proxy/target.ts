import type { Header } from '@wingman/protocol';

/**
 * A path and query of visible characters, as bytes (RFC 9112 section 3.2.1); undici and node refuse
 * the same. Its first segment may be empty: `//x` is a path like any other to who only has one host.
 */
const TARGET = /^\/[\x21-\xff]*$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** The schema has names in lower case; another spelling could slip past a filter. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Why a request can't be sent on as it is, or undefined when it can. */
export function faultOf(method: string, target: string, headers: Header[]): string | undefined {
  if (!TARGET.test(target)) return 'the target is no path on this origin';
  if (!TOKEN.test(method)) return 'the method is no token';
  if (method === 'CONNECT') return 'a session is no proxy';
  const bad = headers.find(({ name, value }) => !FIELD_NAME.test(name) || !FIELD_VALUE.test(value));
  if (bad !== undefined) return 'a header has forbidden characters';
  if (conflictingLengths(headers)) return 'two different content lengths';
  return undefined;
}

function conflictingLengths(headers: Header[]): boolean {
  const lengths = headers.filter(({ name }) => name === 'content-length');
  if (lengths.some(({ value }) => !/^\d+$/.test(value))) return true;
  return new Set(lengths.map(({ value }) => value)).size > 1;
}
