/** The parts of a Request that CORS looks at. */
export type CorsRequest = Pick<Request, 'method' | 'headers' | 'credentials'>;

const SIMPLE_METHODS = new Set(['GET', 'HEAD', 'POST']);
const SIMPLE_TYPES = new Set([
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain',
]);
const SAFE_RESPONSE_HEADERS = [
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
];
/** Fields that a page can't set: the browser has put them into the request, and the shim the last. */
const BROWSERS_OWN =
  /^(?:sec-|proxy-|user-agent$|referer$|origin$|dnt$|save-data$|priority$|purpose$|upgrade-insecure-requests$|wingman-)/;
const UNSAFE_CHARACTER = /["():<>?@[\\\]{}\u007f]/;
const UNSAFE_LANGUAGE = /[^0-9A-Za-z *,\-.;=]/;
const MAX_SAFE_VALUE = 128;

/** The names a preflight has to ask for, sorted (Fetch, "CORS-unsafe request-header names"). */
function unsafeHeaders(headers: Headers): string[] {
  const own = [...headers].filter(([name]) => !BROWSERS_OWN.test(name));
  const isStream = headers.get('accept')?.includes('text/event-stream') === true;
  const asked = own.filter(([name]) => !(isStream && name === 'last-event-id'));
  const unsafe = asked.filter(([name, value]) => !isSafe(name, value));
  return unsafe.map(([name]) => name).sort();
}

/** Whether the browser would ask before it sends this (Fetch, "HTTP fetch"). */
export function needsPreflight(request: CorsRequest): boolean {
  return !SIMPLE_METHODS.has(request.method) || unsafeHeaders(request.headers).length > 0;
}

/** The header fields of the question (Fetch, "CORS-preflight fetch"). */
export function preflightHeaders(request: CorsRequest): [string, string][] {
  const names = unsafeHeaders(request.headers);
  return [
    ['accept', '*/*'],
    ['access-control-request-method', request.method],
    ...(names.length === 0
      ? []
      : [['access-control-request-headers', names.join(',')] as [string, string]]),
  ];
}

/** Why the answer to a preflight doesn't allow the request; undefined when it does. */
export function preflightFault(
  request: CorsRequest,
  answer: { status: number; headers: Headers },
  origin: string,
): string | undefined {
  const fault = corsFault(answer.headers, origin, request.credentials);
  if (fault !== undefined) return fault;
  if (answer.status < 200 || answer.status > 299) return 'the preflight has no OK status';
  const allowsAny = (values: string[]): boolean =>
    values.includes('*') && request.credentials !== 'include';
  const methods = listOf(answer.headers, 'access-control-allow-methods');
  const isAllowed = SIMPLE_METHODS.has(request.method) || methods.includes(request.method);
  if (!isAllowed && !allowsAny(methods)) {
    return `method ${request.method} is not in Access-Control-Allow-Methods`;
  }
  const names = listOf(answer.headers, 'access-control-allow-headers').map(lower);
  // By the standard `*` does not cover Authorization. No engine follows that rule.
  const refused = allowsAny(names)
    ? undefined
    : unsafeHeaders(request.headers).find((name) => !names.includes(name));
  return refused === undefined
    ? undefined
    : `request header ${refused} is not in Access-Control-Allow-Headers`;
}

/** Why a page of this origin may not read an answer (Fetch, "CORS check"); undefined when it may. */
export function corsFault(
  headers: Headers,
  origin: string,
  credentials: RequestCredentials,
): string | undefined {
  const allowed = headers.get('access-control-allow-origin');
  if (allowed === null) return "no 'Access-Control-Allow-Origin' header is present";
  if (allowed === '*' && credentials !== 'include') return undefined;
  if (allowed !== origin) return `the 'Access-Control-Allow-Origin' header is '${allowed}'`;
  if (credentials !== 'include') return undefined;
  const isAllowed = headers.get('access-control-allow-credentials') === 'true';
  return isAllowed ? undefined : "the 'Access-Control-Allow-Credentials' header is not 'true'";
}

/** Removes the fields that a page may not see (Fetch, "CORS filtered response"); a redirect keeps its Location. */
export function hideHeaders(headers: Headers, credentials: RequestCredentials): void {
  const exposed = listOf(headers, 'access-control-expose-headers').map(lower);
  if (exposed.includes('*') && credentials !== 'include') return;
  const shown = new Set([...SAFE_RESPONSE_HEADERS, ...exposed, 'location', 'content-encoding']);
  for (const name of [...headers.keys()]) if (!shown.has(name)) headers.delete(name);
}

/** How long the answer to a preflight holds, in seconds: 5 by default, and at most the 7,200 of Chromium. */
export function preflightLife(headers: Headers): number {
  const age = Number(headers.get('access-control-max-age') ?? 5);
  return Number.isFinite(age) ? Math.max(0, Math.min(age, 7200)) : 5;
}

/** Fetch, "CORS-safelisted request-header". */
function isSafe(name: string, value: string): boolean {
  if (value.length > MAX_SAFE_VALUE) return false;
  switch (name) {
    case 'accept':
      return !hasUnsafeByte(value);
    case 'accept-language':
    case 'content-language':
      return !UNSAFE_LANGUAGE.test(value);
    case 'content-type': {
      const essence = value.split(';')[0]?.trim().toLowerCase() ?? '';
      return !hasUnsafeByte(value) && SIMPLE_TYPES.has(essence);
    }
    case 'range':
      return /^bytes=\d+-\d*$/.test(value);
    default:
      return false;
  }
}

/** Fetch, "CORS-unsafe request-header byte". */
function hasUnsafeByte(value: string): boolean {
  const isControl = (char: string): boolean => char < ' ' && char !== '\t';
  return UNSAFE_CHARACTER.test(value) || [...value].some(isControl);
}

function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? '').split(',').map((part) => part.trim());
}

function lower(text: string): string {
  return text.toLowerCase();
}
