import type { Header } from '@wingman/protocol';
import { isPolicy } from './content-security-policy.js';

/** The app's own address, and the origins at which its pages are seen. */
export interface OwnAddress {
  readonly port: number;
  readonly origins: readonly string[];
}

/** A policy's host-source that names this machine (CSP Level 3 section 2.3.1). */
const LOCAL_SOURCE = /^(?:(https?|wss?):\/\/)?localhost(?::(\d+|\*))?(\/\S*)?$/i;

/**
 * What a service worker answers, Firefox holds against the policy a second time, by the address of the
 * service worker's own script: sources with a path, and those of other ports, would not cover it.
 */
const SERVICE_WORKER = '/__wingman/sw.js';

/**
 * Where a policy names the app by its address on this machine, it means the session too: on localhost
 * that is the page's own origin. What names other ports stays as it is.
 */
export function admitOwnOrigins(headers: Header[], own: OwnAddress): Header[] {
  return headers.map((header) =>
    isPolicy(header) ? { ...header, value: widen(header.value, own) } : header,
  );
}

function widen(policy: string, own: OwnAddress): string {
  return policy.replace(/[^\s;,]+/g, (source) => [source, ...asSeen(source, own)].join(' '));
}

/** The same source at each origin of the session, if it is the app's; none for what isn't on this machine. */
function asSeen(source: string, { port, origins }: OwnAddress): string[] {
  const match = LOCAL_SOURCE.exec(source);
  if (match === null) return [];
  const [, scheme = '', named = '80', path = ''] = match;
  const isPlain = !/^(?:https|wss)$/i.test(scheme);
  const isOwn = isPlain && (named === '*' || Number(named) === port);
  const own = origins.map((origin) => withScheme(scheme.toLowerCase(), new URL(origin)) + path);
  const answering = isOwn && path === '' ? [] : origins.map((origin) => origin + SERVICE_WORKER);
  return [...(isOwn ? own : []), ...answering];
}

function withScheme(scheme: string, { host, protocol }: URL): string {
  if (scheme === '') return host;
  const isSecure = protocol === 'https:';
  if (scheme === 'ws') return `${isSecure ? 'wss' : 'ws'}://${host}`;
  return `${protocol}//${host}`;
}
