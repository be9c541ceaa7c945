import type { HeaderPair } from '../shared/exchange-messages.js';

/** What decides whether a kept answer may be used (RFC 9111 sections 4 to 4.3); times in milliseconds since 1970. */
export interface Validity {
  /** When the answer was made, as far as its fields and its way here tell. */
  readonly bornAt: number;
  readonly freshUntil: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** The request's values of the fields that `Vary` names. */
  readonly varied: readonly HeaderPair[];
  /** Whether requests with Authorization may use the answer too. */
  readonly isForAuthorized: boolean;
}

/** When a request has left and its answer has come, in milliseconds since 1970. */
export interface Times {
  readonly askedAt: number;
  readonly answeredAt: number;
}

/** The values of a field, joined as one line (RFC 9110 section 5.3); null when there is none. */
export function field(headers: readonly HeaderPair[], name: string): string | null {
  const values = headers.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(', ');
}

const DIRECTIVE = /([^\s,=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g;

/** The directives of a Cache-Control field, in lower case; the first of a name counts (RFC 9111 sections 4.2.1 and 5.2). */
export function directives(headers: readonly HeaderPair[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, plain] of (field(headers, 'cache-control') ?? '').matchAll(
    DIRECTIVE,
  )) {
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), quoted ?? plain ?? '');
  }
  return found;
}

/**
 * How an answer of status 200 to this request may be kept by a browser; undefined when it may not be, or when keeping
 * it would save nothing. An answer without Expires and max-age is asked about each time: lifetimes are never guessed. An
 * answer that nothing can renew is of use to `force-cache` alone, so it is kept for a request in such a mode; a 304 has
 * no mode, because it has renewed what is kept.
 */
export function validityOf(
  answer: readonly HeaderPair[],
  asked: readonly HeaderPair[],
  times: Times,
  mode?: RequestCache,
): Validity | undefined {
  const told = directives(answer);
  const varying = (field(answer, 'vary') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const isForAuthorized = ['public', 'must-revalidate', 's-maxage'].some((name) => told.has(name));
  const isRefused = told.has('no-store') || directives(asked).has('no-store');
  const isPersonal = field(asked, 'authorization') !== null && !isForAuthorized;
  const setsCookies = field(answer, 'set-cookie') !== null;
  if (isRefused || isPersonal || setsCookies || varying.includes('*')) return undefined;
  // The host adds the cookies, so nobody here can compare them: only the app can say by a name what fits.
  const isByCookie = varying.includes('cookie');
  const bornAt = times.answeredAt - ageOf(answer, times) * 1000;
  const freshUntil = isByCookie ? 0 : bornAt + lifetimeOf(answer, told) * 1000;
  const etag = field(answer, 'etag');
  const lastModified = isByCookie ? null : field(answer, 'last-modified');
  const isLasting = freshUntil > times.answeredAt || (etag ?? lastModified) !== null;
  if (!isLasting && (isByCookie || mode === 'default')) return undefined;
  const varied = varying.map((name): HeaderPair => [name, field(asked, name) ?? '']);
  return { bornAt, freshUntil, etag, lastModified, varied, isForAuthorized };
}

/** Seconds for which an answer is fresh (RFC 9111 section 4.2.1). */
function lifetimeOf(answer: readonly HeaderPair[], told: ReadonlyMap<string, string>): number {
  if (told.has('no-cache')) return 0;
  const maxAge = told.get('max-age');
  if (maxAge !== undefined) return secondsOf(maxAge) ?? 0;
  const expires = Date.parse(field(answer, 'expires') ?? '');
  const date = Date.parse(field(answer, 'date') ?? '');
  const lifetime = (expires - (Number.isNaN(date) ? Date.now() : date)) / 1000;
  return lifetime > 0 ? lifetime : 0;
}

/** Seconds since an answer was made, at the time when it comes (RFC 9111 section 4.2.3). */
function ageOf(answer: readonly HeaderPair[], { askedAt, answeredAt }: Times): number {
  const date = Date.parse(field(answer, 'date') ?? '');
  const apparent = Number.isNaN(date) ? 0 : Math.max(0, (answeredAt - date) / 1000);
  const told = secondsOf(field(answer, 'age') ?? '') ?? 0;
  return Math.max(apparent, told + (answeredAt - askedAt) / 1000);
}

/** A delta-seconds (RFC 9111 section 1.2.2); null for anything else. */
function secondsOf(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** Whether a kept answer is one to this request (RFC 9111 sections 3.5 and 4.1). */
export function fits(kept: Validity, asked: readonly HeaderPair[]): boolean {
  if (field(asked, 'authorization') !== null && !kept.isForAuthorized) return false;
  return kept.varied.every(([name, value]) => (field(asked, name) ?? '') === value);
}

/** Whether a kept answer may be used unasked, as its own fields and those of the request have it (RFC 9111 section 5.2.1). */
export function isFresh(kept: Validity, asked: readonly HeaderPair[], now: number): boolean {
  const wanted = directives(asked);
  const isPragma = wanted.size === 0 && field(asked, 'pragma')?.includes('no-cache') === true;
  if (wanted.has('no-cache') || isPragma) return false;
  const age = (now - kept.bornAt) / 1000;
  const maxAge = secondsOf(wanted.get('max-age') ?? '') ?? Infinity;
  const minFresh = secondsOf(wanted.get('min-fresh') ?? '') ?? 0;
  // A clock that was set back makes every answer old.
  return age >= 0 && age <= maxAge && now + minFresh * 1000 < kept.freshUntil;
}

/** The fields by which the app says whether a kept answer still holds (RFC 9111 section 4.3.1). */
export function conditionsOf({ etag, lastModified }: Validity): HeaderPair[] {
  return [
    ...(etag === null ? [] : [['if-none-match', etag] satisfies HeaderPair]),
    ...(lastModified === null ? [] : [['if-modified-since', lastModified] satisfies HeaderPair]),
  ];
}

/** Fields that say something of one message and not of what is kept (RFC 9111 section 3.2), and all that describe a body. */
const OF_ONE_MESSAGE =
  /^(?:content-.*|connection|keep-alive|transfer-encoding|trailer|upgrade|te|set-cookie)$/;

/** The fields of a kept answer, brought up to date by those of a 304 (RFC 9111 section 4.3.4). */
export function updated(kept: Headers, fields: readonly HeaderPair[]): HeaderPair[] {
  const fresh = fields.filter(([name]) => !OF_ONE_MESSAGE.test(name));
  const names = new Set(fresh.map(([name]) => name));
  return [...[...kept].filter(([name]) => !names.has(name)), ...fresh];
}
