import type { Header } from '@wingman/protocol';
import {
  FRAME_NEEDS_KEY,
  header,
  headersFromRaw,
  headerValue,
  INGRESS_COOKIE,
  INGRESS_TARGET,
  KEY_NEEDED,
  parseCookies,
  PLAIN_INGRESS_COOKIE,
  TOO_MANY_GUESSES,
} from '@wingman/protocol';
import { isLoopbackHost } from '@wingman/node-kit';
import { HOST_LIMITS } from '../limits.js';
import { publicOrigin } from './app-address.js';
import { isBasic } from './basic-auth.js';
import { without, type Answer, type Exchange } from './exchange.js';
import { withoutPass, type IngressKey } from './ingress-key.js';
import { ownAnswer, Refusal } from './problems.js';

/**
 * Lets an exchange of the ingress go on only with a proof of the link key, or with the password where one is set.
 * The app never sees either.
 */
export function demandKey(exchange: Exchange): void {
  const { asked, request, context } = exchange;
  if (context.via !== 'ingress') return;
  request.target = withoutPass(request.target);
  request.headers = request.headers.map((field) =>
    field.name === 'referer' ? { ...field, value: withoutPass(field.value) } : field,
  );
  const key = context.ingressKey;
  if (key === undefined) return;
  const isToken = tokenTest(key);
  if (asked.headers.some(isToken)) {
    // An Authorization field of the app's own goes through to the app.
    request.headers = request.headers.filter((field) => !isToken(field));
    return;
  }
  if (key.isCookie(cookieIn(exchange)) || key.isSigned(asked.target)) return;
  if (isWithToken(key, asked.target)) return;
  demandPassword(exchange);
}

function demandPassword({ asked, request, context: { basicAuth } }: Exchange): void {
  const shown = asked.headers.find(({ name, value }) => name === 'authorization' && isBasic(value));
  if (basicAuth === undefined) throw keyNeeded(asked);
  if (shown === undefined) throw passwordNeeded();
  switch (basicAuth.judge(shown.value, addressOf(asked.headers))) {
    case 'admitted':
      request.headers = without(request.headers, 'authorization');
      return;
    case 'wrong':
      throw passwordNeeded();
    case 'limited':
      throw new Refusal(TOO_MANY_GUESSES, [
        header('retry-after', String(HOST_LIMITS.passwordGuesses.windowMs / 1_000)),
      ]);
  }
}

/** The client's address as the tunnel server has it: the last one, which no client can write. */
function addressOf(headers: readonly Header[]): string {
  return headerValue(headers, 'x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
}

/** Gives a browser that has shown the token a cookie for what can't carry one: pages, images, WebSockets. */
export function giveIngressCookie(exchange: Exchange): Answer {
  const { asked, context } = exchange;
  const headers = headersFromRaw(['cache-control', 'no-store']);
  const { ingressKey } = context;
  if (ingressKey !== undefined) {
    // Neither a cookie nor a signed URL may outlive its own end by way of a new cookie.
    if (!asked.headers.some(tokenTest(ingressKey))) throw keyNeeded(asked);
    headers.push(newCookie(exchange, ingressKey));
  }
  return ownAnswer(asked, { status: 200, headers, body: '' });
}

/**
 * The same for a browser whose page can't: without a secure context there is none of ours. The link that it opens has
 * the token, and leads on to the app without it.
 */
export function enterByLink(exchange: Exchange): Answer {
  const { asked, context } = exchange;
  const headers = headersFromRaw(['cache-control', 'no-store', 'referrer-policy', 'no-referrer']);
  const { ingressKey } = context;
  if (ingressKey !== undefined) {
    if (!isWithToken(ingressKey, asked.target)) throw keyNeeded(asked);
    headers.push(newCookie(exchange, ingressKey));
  }
  headers.push(header('location', firstPageIn(asked.target)));
  return ownAnswer(asked, { status: 303, headers, body: '' });
}

/** The link that `enterByLink` answers, with the page of the app that it leads to. */
export function entryLink(origin: string, token: string, page: string): string {
  const url = new URL(INGRESS_TARGET, origin);
  url.searchParams.set(TOKEN_PARAMETER, token);
  if (page !== '/') url.searchParams.set(PAGE_PARAMETER, page);
  return url.href;
}

const TOKEN_PARAMETER = 'token';
const PAGE_PARAMETER = 'to';

function isWithToken(key: IngressKey, target: string): boolean {
  const token = parametersOf(target)?.get(TOKEN_PARAMETER) ?? '';
  return token !== '' && key.isToken(`Bearer ${token}`);
}

/** Those of the link; undefined for another target. */
function parametersOf(target: string): URLSearchParams | undefined {
  const [path = '', ...query] = target.split('?');
  return path === INGRESS_TARGET ? new URLSearchParams(query.join('?')) : undefined;
}

/** A page of the app's own, whatever the link says. */
function firstPageIn(target: string): string {
  const page = parametersOf(target)?.get(PAGE_PARAMETER) ?? '/';
  if (!URL.canParse(page, NOWHERE)) return '/';
  const { origin, pathname, search, hash } = new URL(page, NOWHERE);
  // Two slashes would begin another site's name, and the path of a blob: URL is a whole URL.
  const isOwn = origin === NOWHERE && /^\/(?!\/)/.test(pathname);
  return isOwn ? pathname + search + hash : '/';
}

const NOWHERE = 'http://session.invalid';

function newCookie(exchange: Exchange, key: IngressKey): Header {
  const secure = isPlain(exchange) ? '' : 'Secure; ';
  const value = `${cookieName(exchange)}=${key.createCookie()}`;
  return header('set-cookie', `${value}; Path=/; ${secure}HttpOnly; SameSite=Lax`);
}

function cookieName(exchange: Exchange): string {
  if (!isPlain(exchange)) return INGRESS_COOKIE;
  return PLAIN_INGRESS_COOKIE + new URL(publicOrigin(exchange) ?? NOWHERE).port;
}

/** Whether the browser has no secure context, and so takes no cookie that asks for one (Secure Contexts section 3.1). */
function isPlain(exchange: Exchange): boolean {
  const { hostname, protocol } = new URL(publicOrigin(exchange) ?? 'https://session.invalid');
  return protocol === 'http:' && !isLoopbackHost(hostname);
}

function tokenTest(key: IngressKey): (field: Header) => boolean {
  return ({ name, value }) => name === 'authorization' && key.isToken(value);
}

/** The first one: a browser has one at most, and each would cost a check. */
function cookieIn(exchange: Exchange): string {
  const fields = exchange.asked.headers.filter(({ name }) => name === 'cookie');
  const pairs = fields.flatMap(({ value }) => parseCookies(value));
  const own = cookieName(exchange);
  return pairs.find(([name]) => name === own)?.[1] ?? '';
}

const BEARER = header('www-authenticate', 'Bearer realm="wingman"');
const BASIC = header('www-authenticate', 'Basic realm="wingman", charset="UTF-8"');

function keyNeeded({ headers }: Exchange['asked']): Refusal {
  const isFrames = /^i?frame$/.test(headerValue(headers, 'sec-fetch-dest') ?? '');
  return new Refusal(isFrames ? FRAME_NEEDS_KEY : KEY_NEEDED, [BEARER]);
}

function passwordNeeded(): Refusal {
  return new Refusal(KEY_NEEDED, [BEARER, BASIC]);
}
