const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_REASON_BYTES = 123;

type ExceptionClass = typeof DOMException;

/** The URL of a WebSocket as the constructor reads it (WebSockets standard, "constructor"); throws SyntaxError. */
export function parseSocketUrl(
  url: string | URL,
  base: string,
  { DOMException: Exception }: { DOMException: ExceptionClass } = globalThis,
): URL {
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    throw syntaxError(`The URL '${String(url)}' is invalid.`, Exception);
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:';
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:';
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw syntaxError(
      `The URL's scheme must be 'ws' or 'wss': '${parsed.protocol}' is not allowed.`,
      Exception,
    );
  }
  // An empty fragment counts too, though `hash` doesn't show it.
  if (parsed.href.includes('#')) {
    throw syntaxError('The URL contains a fragment identifier.', Exception);
  }
  return parsed;
}

/** The subprotocols as a list; throws SyntaxError when one is no token or comes twice. */
export function parseProtocols(
  protocols: unknown,
  Exception: ExceptionClass = DOMException,
): string[] {
  const list = listOf(protocols).map(String);
  for (const protocol of list) {
    if (!TOKEN.test(protocol)) {
      throw syntaxError(`The subprotocol '${protocol}' is invalid.`, Exception);
    }
  }
  if (new Set(list).size !== list.length) {
    throw syntaxError('A subprotocol is named twice.', Exception);
  }
  return list;
}

/** WebIDL's `(DOMString or sequence<DOMString>)`. */
function listOf(protocols: unknown): unknown[] {
  if (protocols === undefined) return [];
  const isList =
    typeof protocols === 'object' && protocols !== null && Symbol.iterator in protocols;
  return isList ? [...(protocols as Iterable<unknown>)] : [protocols];
}

/** Checks the arguments of `close`; throws InvalidAccessError or SyntaxError as the standard has it. */
export function checkClose(
  code: number | undefined,
  reason: string,
  Exception: ExceptionClass = DOMException,
): void {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    throw new Exception(
      `The close code must be either 1000, or between 3000 and 4999. ${code} is neither.`,
      'InvalidAccessError',
    );
  }
  if (new TextEncoder().encode(reason).byteLength > MAX_REASON_BYTES) {
    const message = 'The close reason must not be greater than 123 UTF-8 bytes.';
    throw new Exception(`Failed to execute 'close' on 'WebSocket': ${message}`, 'SyntaxError');
  }
}

/** WebIDL's `[Clamp] unsigned short`. */
export function clampCode(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  const number = Number(code);
  return Number.isNaN(number) ? 0 : Math.min(65_535, Math.max(0, Math.round(number)));
}

function syntaxError(message: string, Exception: ExceptionClass): DOMException {
  return new Exception(`Failed to construct 'WebSocket': ${message}`, 'SyntaxError');
}

/** What `send` takes. */
export type SocketData = string | Blob | ArrayBufferLike | ArrayBufferView;

/** What goes to the tunnel. A blob is read later. */
export type Outgoing = string | Uint8Array<ArrayBuffer> | Blob;

/** Copies what `send` was given, from any realm: the caller may change a buffer right afterwards. */
export function takeData(data: SocketData): Outgoing {
  if (typeof data !== 'object') return wellFormed(data);
  if (isBlob(data)) return data;
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  return isBuffer(data) ? new Uint8Array(data).slice() : wellFormed(data);
}

/** The size on the wire, in bytes. */
export function sizeOf(data: Outgoing): number {
  if (typeof data === 'string') return new TextEncoder().encode(data).byteLength;
  return data instanceof Uint8Array ? data.byteLength : data.size;
}

/** WebIDL's USVString: lone surrogates become U+FFFD. */
export function wellFormed(value: unknown): string {
  return String(value).replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '\ufffd',
  );
}

function isBlob(data: object): data is Blob {
  return /^\[object (?:Blob|File)\]$/.test(Object.prototype.toString.call(data));
}

function isBuffer(data: object): data is ArrayBufferLike {
  return /^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(data));
}
