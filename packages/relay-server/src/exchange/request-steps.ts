import type { Header } from '@wingman/protocol';
import {
  appBusy,
  header,
  headerValue,
  malformedRequest,
  portNotAllowed,
  readOnly,
  stripHopByHop,
} from '@wingman/protocol';
import { ExchangeCookies } from '../cookies/exchange-cookies.js';
import { appOrigin, hostOf, localOrigins } from './app-address.js';
import { ownOrigins, without, type Exchange } from './exchange.js';
import { Refusal } from './problems.js';

/**
 * A path and query of visible characters, as bytes (RFC 9112 section 3.2.1); undici and node refuse
 * the same. The first segment may be empty: `//x` is a path like any other where there is only one host.
 */
const TARGET = /^\/[\x21-\xff]*$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** The schema has names in lower case; another spelling could slip past a filter. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Refuses a head that could be read in two ways, or name another host. */
export function refuseMalformed({ asked }: Exchange): void {
  const fault = faultOf(asked.method, asked.target, asked.headers);
  if (fault !== undefined) throw new Refusal(malformedRequest(fault));
}

function faultOf(method: string, target: string, headers: readonly Header[]): string | undefined {
  if (!TARGET.test(target)) return 'the target is no path on this origin';
  if (!TOKEN.test(method)) return 'the method is no token';
  if (method === 'CONNECT') return 'a session is no proxy';
  const bad = headers.find(({ name, value }) => !FIELD_NAME.test(name) || !FIELD_VALUE.test(value));
  if (bad !== undefined) return 'a header has forbidden characters';
  if (conflictingLengths(headers)) return 'two different content lengths';
  return undefined;
}

function conflictingLengths(headers: readonly Header[]): boolean {
  const lengths = headers.filter(({ name }) => name === 'content-length');
  if (lengths.some(({ value }) => !/^\d+$/.test(value))) return true;
  return new Set(lengths.map(({ value }) => value)).size > 1;
}

/** RFC 9110 section 9.2.1, without TRACE. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];
/** Frameworks read these as the method that was meant. */
const METHOD_OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override'];

/** In a read-only session refuses what could change something. WebSockets pass: hot reload needs them. */
export function keepReadOnly({ asked, context }: Exchange): void {
  if (!context.isReadOnly) return;
  if (!SAFE_METHODS.includes(asked.method)) throw new Refusal(readOnly(`a ${asked.method}`));
  const override = asked.headers.find(({ name }) => METHOD_OVERRIDES.includes(name));
  if (override !== undefined) throw new Refusal(readOnly(`the field ${override.name}`));
}

/** Finds the port that the request names, if it may be dialled. */
export function choosePort(exchange: Exchange): void {
  const { asked, context } = exchange;
  const local = context.ports.find(asked.port, context.via);
  if (local === undefined) throw new Refusal(portNotAllowed(asked.port));
  exchange.local = local;
}

/** Waits for a place at the port: the openers take turns, and none can hold all of them. */
export async function waitForPlace(exchange: Exchange): Promise<void> {
  const { local, context, signal } = exchange;
  const slot = await local.slots.enter(context.opener, signal);
  if (slot === undefined) throw new Refusal(appBusy(local.loopback.port));
  exchange.slot = slot;
  exchange.atEnd(() => slot.leave());
}

/** Puts the viewer's cookies into the request: HttpOnly ones from the jar, the others as its browser has them. */
export function sendCookies(exchange: Exchange): void {
  const { request, context } = exchange;
  const home = context.ports.shared.loopback.port;
  exchange.cookies = new ExchangeCookies(request, context.via, { ...context, home });
  request.headers = exchange.cookies.requestHeaders;
}

/**
 * Fields that this host or its HTTP client writes itself. The tunnel server has answered `expect`; our page adds
 * `wingman-request-id`. No client may say `proxy`, which CGI programs take for HTTP_PROXY (CVE-2016-5385).
 */
const OURS = [
  ...['host', 'content-length', 'expect', 'http2-settings', 'alt-used', 'wingman-request-id'],
  'proxy',
];

/** Leaves out what speaks about the connection to the opener, and writes anew what speaks about the one to the app. */
export function beginConnection(exchange: Exchange): void {
  const { request } = exchange;
  const host = header('host', hostOf(exchange));
  // The field may be there twice with equal values; refuseMalformed has refused different ones.
  const length = request.headers.find(({ name }) => name === 'content-length');
  const lengths = length !== undefined && request.hasBody ? [length] : [];
  request.headers = [host, ...without(stripHopByHop(request.headers), ...OURS), ...lengths];
}

/** Fields with the URL of a page, or its origin. */
const NAMES_A_PAGE = ['origin', 'referer', 'ping-from', 'ping-to'];

/** Only origins of the host's own pages become local ones: a foreign site must not gain the developer's trust. */
export function rewriteOrigin(exchange: Exchange): void {
  const { request } = exchange;
  const locals = localOrigins(exchange);
  request.headers = request.headers.map((field) => {
    if (!NAMES_A_PAGE.includes(field.name)) return field;
    const origin = originAmong([...locals.keys()], field.value);
    // An Origin is nothing but an origin (RFC 6454 section 7.1).
    if (origin === undefined || (field.name === 'origin' && origin !== field.value)) return field;
    return { ...field, value: (locals.get(origin) ?? '') + field.value.slice(origin.length) };
  });
}

/** A viewer's service worker can't undo compression. */
export function askForPlainBytes({ request, context }: Exchange): void {
  if (context.via !== 'viewer') return;
  const rest = without(request.headers, 'accept-encoding');
  request.headers = [...rest, header('accept-encoding', 'identity')];
}

/** Writes W3C Fetch Metadata as the app would see it without a service worker: browsers hide these fields from one. */
export function describeFetch(exchange: Exchange): void {
  const { asked, request, context } = exchange;
  if (context.via !== 'viewer' || asked.mode === '') return;
  const destination = asked.destination === '' ? 'empty' : asked.destination;
  const isFramed = asked.mode === 'navigate' && /^i?frame$/.test(destination);
  request.headers = [
    ...request.headers.filter(({ name }) => !name.startsWith('sec-fetch-')),
    header('sec-fetch-dest', isFramed ? 'document' : destination),
    header('sec-fetch-mode', asked.mode),
    header('sec-fetch-site', siteOf(exchange)),
  ];
}

function siteOf(exchange: Exchange): string {
  const { asked, context } = exchange;
  const source = sourceOf(asked);
  if (source === undefined) return asked.mode === 'navigate' ? 'none' : ownSite(exchange);
  if (originAmong(ownOrigins(context), source) !== undefined) return ownSite(exchange);
  // The page of another port; with a name of its own, this one is another site.
  const isSibling = originAmong([...context.pageOrigins.values()], source) !== undefined;
  return isSibling && isLocalhost(hostOf(exchange)) ? 'same-site' : 'cross-site';
}

/** Who has asked, as far as the browser says. */
function sourceOf({ headers }: Exchange['asked']): string | undefined {
  const origin = headerValue(headers, 'origin');
  // Chromium tells a service worker no other origin of an `<a ping>` (HTML section 4.6.4.1).
  if (origin === 'null') return headerValue(headers, 'ping-from') ?? origin;
  return origin ?? headerValue(headers, 'referer');
}

/** How the app's page stands to the port it asks: `localhost` is one site, whatever the port. */
function ownSite(exchange: Exchange): string {
  if (exchange.asked.port === 0) return 'same-origin';
  const hosts = [hostOf(exchange), new URL(appOrigin(exchange)).host];
  return hosts.every(isLocalhost) ? 'same-site' : 'cross-site';
}

function isLocalhost(host: string): boolean {
  return /^localhost(?::|$)/.test(host);
}

/** Which of these origins a URL belongs to. */
function originAmong(origins: readonly string[], url: string): string | undefined {
  return origins.find((origin) => url === origin || url.startsWith(`${origin}/`));
}
