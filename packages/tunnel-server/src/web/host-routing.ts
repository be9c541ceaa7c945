import { isIP } from 'node:net';

/** What a Host header stands for. */
export type HostRoute =
  | { kind: 'server' }
  | { kind: 'session'; name: string }
  /** A bare address: the server, or its only session where that is allowed. */
  | { kind: 'address' }
  | { kind: 'foreign' };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Decides by the Host header alone; a session's name is one DNS label directly below the domain. */
export function routeHost(hostHeader: string | undefined, domain: string): HostRoute {
  const name = hostName(hostHeader);
  if (name === undefined) return { kind: 'foreign' };
  if (name === domain) return { kind: 'server' };
  if (isIP(name) !== 0) return { kind: 'address' };
  const suffix = `.${domain}`;
  const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : '';
  return LABEL.test(label) ? { kind: 'session', name: label } : { kind: 'foreign' };
}

/** Whether a browser's Origin is the origin of the site it talks to: same scheme, host and port. */
export function isOwnOrigin(
  origin: string,
  hostHeader: string | undefined,
  scheme: 'http' | 'https',
): boolean {
  if (!URL.canParse(origin) || hostHeader === undefined) return false;
  const claimed = new URL(origin);
  const own = `${scheme}://${hostHeader}`;
  return (
    claimed.protocol === `${scheme}:` && URL.canParse(own) && claimed.host === new URL(own).host
  );
}

function hostName(hostHeader: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]@/?#\\\s]+)(?::\d{1,5})?$/i.exec(hostHeader ?? '');
  return match?.[1]?.toLowerCase().replace(/^\[|\]$/g, '');
}
