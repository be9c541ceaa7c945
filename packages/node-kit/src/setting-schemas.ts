import * as z from 'zod';
import { parseIceUrl, type IceUrl } from './ice-url.js';
import { isLoopbackHost } from './loopback-host.js';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Any text. */
export const text = z.string().trim().min(1);

/** Yes or no, in the ways people write it. */
export const flag: z.ZodType<boolean, string> = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((value) => ['true', '1', 'yes'].includes(value));

/** A whole number, both ends included. */
export function integer(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
}

/** A time such as `90s`, `15m`, `8h` or `2d`, in milliseconds. */
export function duration(leastMs: number, mostMs: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,6}[smhd]$/)
    .transform((value) => Number(value.slice(0, -1)) * (UNIT_MS[value.slice(-1)] ?? 0))
    .pipe(z.number().min(leastMs).max(mostMs));
}

/** Items separated by commas. */
export function list<T>(item: z.ZodType<T, string>, most = Infinity): z.ZodType<T[], string> {
  return z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(item).max(most));
}

/** STUN or TURN addresses, separated by commas. */
export function iceUrls(...schemes: IceUrl['scheme'][]): z.ZodType<string[], string> {
  const isOne = (address: string): boolean => {
    const url = parseIceUrl(address);
    return url !== undefined && schemes.includes(url.scheme);
  };
  return list(z.string().refine(isOne));
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return z.enum(words);
}

/** A domain name in lower case. */
export const domainName = text
  .toLowerCase()
  .regex(/^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/);

/** An http or https URL without a path or a user: it is shown, and what stands in it is no secret. */
export const httpOrigin: z.ZodType<URL, string> = z
  .url({ protocol: /^https?$/ })
  .transform((value) => new URL(value))
  .refine((url) => url.href === `${url.origin}/`);

/** How the name or address of a server begins; an option that follows an option does not. */
const NAME_START = /^[\p{L}\d[]/u;

/** An origin, of which people leave out the scheme: it is https then, and http on this machine. */
export const serverOrigin: z.ZodType<URL, string> = z
  .string()
  .trim()
  .transform((value) => {
    const url = `https://${value}`;
    if (value.includes('://') || !NAME_START.test(value) || !URL.canParse(url)) return value;
    return isLoopbackHost(new URL(url).hostname) ? `http://${value}` : url;
  })
  .pipe(httpOrigin);

/** Several of them with commas between, in the order of preference; at least one, each once. */
export function serverOrigins(most: number): z.ZodType<[URL, ...URL[]], string> {
  return z
    .string()
    .transform((value) => value.split(',').map((each) => each.trim()))
    .pipe(z.tuple([serverOrigin], serverOrigin))
    .refine((all) => all.length <= most && new Set(all.map(String)).size === all.length);
}
