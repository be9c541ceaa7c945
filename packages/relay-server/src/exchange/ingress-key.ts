import {
  deriveIngressKey,
  ingressCookiePayload,
  ingressTokenPayload,
  signedUrlPayload,
} from '@wingman/protocol';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { HOST_LIMITS } from '../limits.js';
import { isBelow, readingsOf } from './target-readings.js';

/** Who may use plain HTTP: whoever proves the link key, whoever knows the host name, or nobody. */
export const INGRESS_MODES = ['key', 'open', 'off'] as const;
export type IngressMode = (typeof INGRESS_MODES)[number];

/** What a signed URL is good for. */
export interface UrlTerms {
  /** Whom it was made for: lower-case letters, digits and hyphens. */
  readonly label: string;
  /** It opens this path and what is below it. */
  readonly path: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** The query parameter that makes a URL a signed one. */
const PASS_PARAMETER = 'wingman-pass';
/** Label, expiry in seconds, path in base64url, and the MAC of the three. */
const PASS = /^([a-z0-9-]{1,40}\.(\d{1,12})\.([\w-]{1,1366}))\.([\w-]{43})$/;
/** Expiry in seconds, and its MAC. */
const COOKIE = /^(\d{1,12})\.([\w-]{43})$/;

/** Makes and checks what plain HTTP is let in with (SPEC section 4.6). A check costs one MAC at most, compared in constant time. */
export class IngressKey {
  /** The bearer token of programs. */
  readonly token: string;
  readonly #key: Uint8Array;
  readonly #session: string;
  readonly #now: () => number;

  private constructor(key: Uint8Array, session: string, now: () => number) {
    this.#key = key;
    this.#session = session;
    this.#now = now;
    this.token = this.#mac(ingressTokenPayload(session));
  }

  /** `now` is in milliseconds since 1970. */
  static async create(
    linkKey: Uint8Array,
    session: string,
    now: () => number = Date.now,
  ): Promise<IngressKey> {
    return new IngressKey(await deriveIngressKey(linkKey), session, now);
  }

  /** Whether an Authorization field holds the bearer token. */
  isToken(authorization: string): boolean {
    const [scheme = '', token = '', ...rest] = authorization.split(' ');
    return rest.length === 0 && scheme.toLowerCase() === 'bearer' && isSame(token, this.token);
  }

  /** The value of a cookie that lets a browser in for HOST_LIMITS.ingressCookieMs. */
  createCookie(): string {
    const terms = seconds(this.#now() + HOST_LIMITS.ingressCookieMs);
    return `${terms}.${this.#mac(ingressCookiePayload(this.#session, terms))}`;
  }

  isCookie(value: string): boolean {
    const [, terms = '', mac = ''] = COOKIE.exec(value) ?? [];
    return (
      isSame(mac, this.#mac(ingressCookiePayload(this.#session, terms))) && this.#isFuture(terms)
    );
  }

  /** A path of the session's origin, with a query that lets its bearer in. */
  signPath({ label, path, expiresAt }: UrlTerms): string {
    const terms = `${label}.${seconds(expiresAt)}.${Buffer.from(path).toString('base64url')}`;
    const mac = this.#mac(signedUrlPayload(this.#session, terms));
    return `${path}?${PASS_PARAMETER}=${terms}.${mac}`;
  }

  /** Whether a target was signed, for this path or one above it. */
  isSigned(target: string): boolean {
    const pass =
      parametersOf(target)
        .find(isPass)
        ?.slice(PASS_PARAMETER.length + 1) ?? '';
    const [, terms = '', expiry = '', path = '', mac = ''] = PASS.exec(pass) ?? [];
    if (!isSame(mac, this.#mac(signedUrlPayload(this.#session, terms)))) return false;
    const prefix = Buffer.from(path, 'base64url').toString();
    return this.#isFuture(expiry) && readingsOf(target).every((one) => isBelow(prefix, one));
  }

  #isFuture(expiry: string): boolean {
    return Number(expiry) * 1_000 > this.#now();
  }

  #mac(payload: Uint8Array): string {
    return createHmac('sha256', this.#key).update(payload).digest('base64url');
  }
}

/** A target or a URL without what signed it: no app, log or other site is to have it. */
export function withoutPass(target: string): string {
  const parameters = parametersOf(target);
  if (!parameters.some(isPass)) return target;
  const [path = ''] = target.split('?', 1);
  const rest = parameters.filter((parameter) => !isPass(parameter)).join('&');
  return rest === '' ? path : `${path}?${rest}`;
}

function parametersOf(target: string): string[] {
  return target.includes('?') ? target.slice(target.indexOf('?') + 1).split('&') : [];
}

function isPass(parameter: string): boolean {
  return parameter.startsWith(`${PASS_PARAMETER}=`);
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}

function seconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1_000));
}
