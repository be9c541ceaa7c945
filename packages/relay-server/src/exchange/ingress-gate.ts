import type { Header } from '@wingman/protocol';
import {
  header,
  headersFromRaw,
  headerValue,
  INGRESS_COOKIE,
  KEY_NEEDED,
  parseCookies,
  TOO_MANY_GUESSES,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
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
  if (key.isCookie(cookieIn(asked.headers)) || key.isSigned(asked.target)) return;
  demandPassword(exchange);
}

function demandPassword({ asked, request, context: { basicAuth } }: Exchange): void {
  const shown = asked.headers.find(({ name, value }) => name === 'authorization' && isBasic(value));
  if (basicAuth === undefined) throw keyNeeded();
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
export function giveIngressCookie({ asked, context: { ingressKey } }: Exchange): Answer {
  const headers = headersFromRaw(['cache-control', 'no-store']);
  if (ingressKey !== undefined) {
    // Neither a cookie nor a signed URL may outlive its own end by way of a new cookie.
    if (!asked.headers.some(tokenTest(ingressKey))) throw keyNeeded();
    const value = `${INGRESS_COOKIE}=${ingressKey.createCookie()}`;
    headers.push(header('set-cookie', `${value}; Path=/; Secure; HttpOnly; SameSite=Lax`));
  }
  return ownAnswer(asked, { status: 200, headers, body: '' });
}

function tokenTest(key: IngressKey): (field: Header) => boolean {
  return ({ name, value }) => name === 'authorization' && key.isToken(value);
}

/** The first one: a browser has one at most, and each would cost a check. */
function cookieIn(headers: readonly Header[]): string {
  const fields = headers.filter(({ name }) => name === 'cookie');
  const pairs = fields.flatMap(({ value }) => parseCookies(value));
  return pairs.find(([name]) => name === INGRESS_COOKIE)?.[1] ?? '';
}

const BEARER = header('www-authenticate', 'Bearer realm="wingman"');
const BASIC = header('www-authenticate', 'Basic realm="wingman", charset="UTF-8"');

function keyNeeded(): Refusal {
  return new Refusal(KEY_NEEDED, [BEARER]);
}

function passwordNeeded(): Refusal {
  return new Refusal(KEY_NEEDED, [BEARER, BASIC]);
}
