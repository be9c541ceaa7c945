import { randomBytes } from 'node:crypto';
import type { Header } from '@wingman/protocol';
import { headerValue, stripHopByHop, TransferCoding, WingmanError } from '@wingman/protocol';
import {
  admitOwnOrigins,
  admitSession,
  admitShim,
  injectShim,
  takesShim,
} from '@wingman/web-policy';
import { publicOrigin } from './app-address.js';
import { isCode } from './compression-policy.js';
import { canDecode, codingsOf, decode } from './decode.js';
import { ownOrigins, without, type Exchange } from './exchange.js';

/** Takes the cookies out of the app's answer: what is left may leave this machine. */
export function keepCookies({ answer, cookies }: Exchange): void {
  if (cookies !== undefined) answer.headers = cookies.received(answer.headers);
}

/**
 * Undoes transfer codings but `chunked`, which the HTTP client has undone (RFC 9112 section 7). Nobody has asked the
 * app for one. Without this step the bytes would go on with nothing that says what they are.
 */
export function undoTransferCodings(exchange: Exchange): void {
  const { answer, asked } = exchange;
  const codings = codingsOf(headerValue(answer.headers, 'transfer-encoding'));
  if (codings.at(-1) === 'chunked') codings.pop();
  if (codings.length === 0 || asked.method === 'HEAD') return;
  if (!canDecode(codings))
    throw new WingmanError(
      'UPSTREAM_ABORTED',
      `a transfer coding is unknown: ${codings.join(', ')}`,
    );
  exchange.answer = { ...answer, body: decode(answer.body, codings) };
}

/** Leaves out what speaks about the connection to the app. */
export function endConnection({ answer }: Exchange): void {
  answer.headers = stripHopByHop(answer.headers);
}

/** A cookie stays with its session: on a shared domain `Domain=` would hand it to other sessions. */
export function dropCookieDomains({ answer }: Exchange): void {
  answer.headers = answer.headers.map((field) =>
    field.name === 'set-cookie'
      ? { ...field, value: field.value.replace(/;\s*domain\s*=[^;]*/gi, '') }
      : field,
  );
}

/**
 * Points addresses of the session's own port at the session, and a navigation's of other ports at theirs. A request that
 * a page makes follows its redirects among the ports itself; those in their answers stay what they are.
 */
export function rewriteLocation(exchange: Exchange): void {
  exchange.answer.headers = withPublicLocations(exchange, exchange.answer.headers);
}

/** The head of a 1xx answer as the opener may see it; browsers keep no cookies of one. */
export function interimHeaders(exchange: Exchange, headers: readonly Header[]): Header[] {
  return withPublicLocations(exchange, without(stripHopByHop(headers), 'set-cookie'));
}

const LOCATIONS = new Set(['location', 'content-location']);

function withPublicLocations(exchange: Exchange, headers: Header[]): Header[] {
  const { asked, context } = exchange;
  if (asked.port !== 0) return headers;
  const names = [...context.ports.shared.loopback.names, context.hostHeader.toLowerCase()];
  // A path fits every address, and service workers resolve it themselves.
  const origin = context.via === 'viewer' ? undefined : publicOrigin(exchange);
  const isForPage = context.via === 'ingress' || asked.mode === 'navigate';
  return headers.map((field) => {
    if (!LOCATIONS.has(field.name)) return field;
    const value = publicLocation(field.value, names, origin);
    return { ...field, value: isForPage ? pageLocation(value, context.pageOrigins) : value };
  });
}

/** A URL on this machine as a page has it: on the origin of its port, where that has one. */
function pageLocation(value: string, pageOrigins: ReadonlyMap<number, string>): string {
  const [start, port = '80'] = LOCAL_URL.exec(value) ?? [];
  const origin = start === undefined ? undefined : pageOrigins.get(Number(port));
  return start === undefined || origin === undefined ? value : origin + value.slice(start.length);
}

const LOCAL_URL = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(?=[/?#]|$)/i;

/** Points an absolute URL of the app, by one of its names, at the session; every other reference stays as it is. */
export function publicLocation(
  value: string,
  names: readonly string[],
  sessionOrigin: string | undefined,
): string {
  const match = /^https?:\/\/([^/?#\\@\s]+)(?=[/?#]|$)/i.exec(value);
  const named = match?.[1]?.toLowerCase().replace(/:80$/, '');
  const authority = named?.replace(/^[^:]+\.localhost(?=:|$)/, 'localhost');
  if (match === null || authority === undefined || !names.includes(authority)) return value;
  const rest = value.slice(match[0].length);
  if (sessionOrigin !== undefined) return sessionOrigin + rest;
  // Collapsed: a reference that starts with two slashes would name another host. To browsers a backslash is one too,
  // and a tab is nothing (URL Standard, "basic URL parser").
  return `/${rest.replace(/^[/\\\t]+/, '')}`;
}

/** Undoes content codings for a viewer, whose service worker couldn't. A part of a representation stays as it is. */
export function decodeBody(exchange: Exchange): void {
  const { answer, asked, context } = exchange;
  if (context.via !== 'viewer' || !isWhole(exchange)) return;
  const codings = codingsOf(headerValue(answer.headers, 'content-encoding'));
  if (codings.length === 0 || !canDecode(codings)) return;
  const headers = without(answer.headers, 'content-encoding', 'content-length');
  const body = asked.method === 'HEAD' ? answer.body : decode(answer.body, codings);
  exchange.answer = { ...answer, headers, body };
}

/**
 * Lets the shell frame the page, and policies that name the app by its address on this machine mean the
 * session too. A document of a viewer gets the shim, which its policies then let through.
 */
export function admitOwn(exchange: Exchange): void {
  const { answer, asked, context } = exchange;
  const { pageOrigins, ports } = context;
  const own = { port: ports.shared.loopback.port, origins: ownOrigins(context), pageOrigins };
  const admission = { destination: asked.destination, also: [admitOwnOrigins(own)] };
  if (!wantsShim(exchange)) {
    answer.headers = admitSession(answer.headers, admission);
    return;
  }
  const nonce = randomBytes(16).toString('base64');
  const pass = { nonce, origins: own.origins, appPort: own.port, pageOrigins };
  const { headers, tag } = admitShim(without(answer.headers, 'content-length'), admission, pass);
  exchange.answer = { ...answer, headers, body: injectShim(answer.body, tag) };
}

const DOCUMENTS = new Set(['document', 'iframe', 'frame']);

function wantsShim(exchange: Exchange): boolean {
  const { answer, asked, context } = exchange;
  if (context.via !== 'viewer' || !isWhole(exchange)) return false;
  if (asked.method === 'HEAD' || !DOCUMENTS.has(asked.destination)) return false;
  if (headerValue(answer.headers, 'content-encoding') !== undefined) return false;
  // The answer becomes a file, which has to be what the app has sent.
  if (/^\s*attachment/i.test(headerValue(answer.headers, 'content-disposition') ?? ''))
    return false;
  return takesShim(headerValue(answer.headers, 'content-type'));
}

/**
 * Compresses code for the way to the opener alone, who undoes that: nothing is said of it in the app's fields. What a
 * navigation gets stays plain: anybody can send a browser to an address with a text of theirs in it.
 */
export function compressBody(exchange: Exchange): void {
  const { answer, asked, context } = exchange;
  const isOffered = asked.transferCodings.includes(TransferCoding.GZIP);
  if (!isOffered || asked.mode === 'navigate' || asked.method !== 'GET') return;
  if (answer.status !== 200 || !isCode(headerValue(answer.headers, 'content-type'))) return;
  if (headerValue(answer.headers, 'content-encoding') !== undefined) return;
  const length = headerValue(answer.headers, 'content-length');
  const bytes = length === undefined ? undefined : Number(length);
  const atEnd = (cleanup: () => void): void => exchange.atEnd(cleanup);
  const transfer = context.compressor?.transferFor(bytes, context.pace(), atEnd);
  exchange.answer = { ...answer, transfer };
}

/** Whether the answer is a whole representation, and not a part of one or none. */
function isWhole({ answer: { status } }: Exchange): boolean {
  return status !== 204 && status !== 206 && status !== 304;
}
