import type { Header } from '@wingman/protocol';
import type { SendRequest } from './serve-fetch.js';

const BEYOND_ASCII = /[\x80-\uffff]/;

/** Chromium copies parts of these fields into strings of UTF-8, and ends the page's process if a part is no UTF-8. */
const CRASHING = new Set([
  'content-security-policy',
  'content-security-policy-report-only',
  'timing-allow-origin',
]);

const FILE_NAME = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i;

/**
 * The same way, with answers that mean in ASCII what they mean beyond it. Chromium takes each byte of a service
 * worker's answer for a character, and writes it as UTF-8: of the fields that browsers themselves read, what they
 * ignore is left out, and addresses and names of files are escaped.
 */
export function withAsciiFields(send: SendRequest): SendRequest {
  return async (asked, options) => {
    const response = await send(asked, options);
    const { head } = response;
    return { ...response, head: { ...head, headers: head.headers.map(inAscii) } };
  };
}

function inAscii(field: Header): Header {
  const { name, value } = field;
  if (!BEYOND_ASCII.test(value)) return field;
  if (CRASHING.has(name)) return { ...field, value: withoutIgnored(value) };
  if (name === 'location') return { ...field, value: value.replace(/[\x80-\xff]/g, escaped) };
  if (name === 'content-disposition') return { ...field, value: withEscapedName(value) };
  return field;
}

/** Browsers ignore a directive beyond ASCII (CSP Level 3 section 2.2.1), and no origin has such a name. */
function withoutIgnored(value: string): string {
  const parts = value.split(/([;,])/);
  return parts.filter((part) => !BEYOND_ASCII.test(part)).join('');
}

/** A file's name in bytes of UTF-8, as RFC 8187 has it. */
function withEscapedName(value: string): string {
  const [parameter = '', quoted, token = ''] = FILE_NAME.exec(value) ?? [];
  const name = quoted?.replace(/\\(.)/g, '$1') ?? token;
  const text = fromUtf8(name);
  if (text === undefined || /;\s*filename\*/i.test(value)) return value;
  return value.replace(parameter, () => `; filename*=${encodeValue(text)}`);
}

/** The text of these bytes, which come as one character each; undefined when the bytes are no UTF-8. */
function fromUtf8(bytes: string): string | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** A value of RFC 8187 section 3.2, which allows fewer characters than encodeURIComponent does. Lone surrogates are replaced. */
export function encodeValue(text: string): string {
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    new TextEncoder().encode(text),
  );
  return `UTF-8''${encodeURIComponent(whole).replace(/['()*]/g, escaped)}`;
}

function escaped(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
