const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_REASON_BYTES = 123;

/** The URL of a WebSocket as the constructor reads it (WebSockets standard, "constructor"); throws SyntaxError. */
export function parseSocketUrl(url: string | URL, base: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    throw syntaxError(`The URL '${String(url)}' is invalid.`);
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:';
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:';
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw syntaxError(
      `The URL's scheme must be 'ws' or 'wss': '${parsed.protocol}' is not allowed.`,
    );
  }
  if (parsed.hash !== '') throw syntaxError('The URL contains a fragment identifier.');
  return parsed;
}

/** The subprotocols as a list; throws SyntaxError when one is no token or comes twice. */
export function parseProtocols(protocols: string | readonly string[] | undefined): string[] {
  const list = typeof protocols === 'string' ? [protocols] : [...(protocols ?? [])].map(String);
  for (const protocol of list) {
    if (!TOKEN.test(protocol)) throw syntaxError(`The subprotocol '${protocol}' is invalid.`);
  }
  const distinct = new Set(list.map((protocol) => protocol.toLowerCase()));
  if (distinct.size !== list.length) throw syntaxError('A subprotocol is named twice.');
  return list;
}

/** Checks the arguments of `close`; throws InvalidAccessError or SyntaxError as the standard has it. */
export function checkClose(code: number | undefined, reason: string): void {
  if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
    throw new DOMException(
      `The close code must be either 1000, or between 3000 and 4999. ${code} is neither.`,
      'InvalidAccessError',
    );
  }
  if (new TextEncoder().encode(reason).byteLength > MAX_REASON_BYTES) {
    throw syntaxError('The close reason must not be greater than 123 UTF-8 bytes.');
  }
}

/** WebIDL's `[Clamp] unsigned short`. */
export function clampCode(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  const number = Number(code);
  return Number.isNaN(number) ? 0 : Math.min(65_535, Math.max(0, Math.round(number)));
}

function syntaxError(message: string): DOMException {
  return new DOMException(`Failed to construct 'WebSocket': ${message}`, 'SyntaxError');
}
