import type multicastDns from 'multicast-dns';
import type { Answer } from 'dns-packet';
import { HOST_LIMITS } from '../../limits.js';
import { openMulticast } from '../../tunnel/multicast.js';

/** What is told to everybody on a network: never a key or a token. */
export interface Announced {
  /** The session's name, which no other one has. */
  readonly session: string;
  readonly sharedBy: string | undefined;
  /** This machine's address there, and the tunnel server's port. */
  readonly address: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** Where a link of the session leads: a URL leaves the port out that its scheme has of itself. */
export function placeOf(link: string): Pick<Announced, 'port' | 'isTls'> {
  const { port, protocol } = new URL(link);
  const isTls = protocol === 'https:';
  return { port: Number(port) || (isTls ? 443 : 80), isTls };
}

/** The kind of service (RFC 6763 section 7). */
export const SERVICE = '_wingman._tcp.local';
/** Where whoever lists all kinds of services asks (RFC 6763 section 9). */
const KINDS = '_services._dns-sd._udp.local';
/** The field of the text that says who shares (RFC 6763 section 6). */
export const SHARED_BY = 'by=';
/** The field that a session by TLS has. */
export const BY_TLS = 'tls=1';

/** An announcement that stands until it is withdrawn. */
export interface Announcement {
  /** Takes it back, so that others forget it at once. */
  withdraw(): Promise<void>;
}

/**
 * Announces a session by DNS-SD over multicast DNS (RFC 6762, RFC 6763), and answers who asks. `failed` is told when
 * this system lets nobody do so; the session goes on.
 */
export function announce(announced: Announced, failed: (error: Error) => void): Announcement {
  const multicast = openMulticast(announced.address);
  let spokenAt = -Infinity;
  const speak = (): void => {
    const now = performance.now();
    // Everybody hears an answer, so one a second is enough for all, and a flood of questions makes no flood of answers.
    if (now - spokenAt < HOST_LIMITS.announceMs) return;
    spokenAt = now;
    multicast.respond(recordsOf(announced));
  };
  multicast.once('error', failed);
  multicast.on('query', ({ questions = [] }) => {
    if (questions.some(({ name }) => isOurs(name, announced))) speak();
  });
  multicast.on('ready', speak);
  // A packet may be lost (RFC 6762 section 8.3).
  const again = setTimeout(speak, HOST_LIMITS.announceMs + 100);
  return {
    withdraw: () => {
      clearTimeout(again);
      return withdraw(multicast, announced);
    },
  };
}

/** Records without any time left are a goodbye (RFC 6762 section 10.1). */
async function withdraw(multicast: multicastDns.MulticastDNS, announced: Announced): Promise<void> {
  const records = recordsOf(announced).map((record) => ({ ...record, ttl: 0 }));
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, HOST_LIMITS.goodbyeMs);
    multicast.respond(records, () => {
      clearTimeout(late);
      resolve();
    });
  });
  await new Promise<void>((resolve) => multicast.destroy(resolve));
}

function isOurs(name: string, { session }: Announced): boolean {
  const asked = name.toLowerCase();
  return asked === SERVICE || asked === KINDS || asked === instanceOf(session);
}

function instanceOf(session: string): string {
  return `${session}.${SERVICE}`;
}

/** Seconds: as long as RFC 6762 section 10 says for what names a host, and for the rest. */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;

/** What DNS-SD wants to know of a service: that it is there, where, and what to know of it. */
export function recordsOf({ address, isTls, port, session, sharedBy }: Announced): Answer[] {
  const name = instanceOf(session);
  const target = `${session}.local`;
  const by = sharedBy === undefined ? [] : [`${SHARED_BY}${sharedBy}`];
  const fields = [...by, ...(isTls ? [BY_TLS] : [])];
  // Without a field there is one of no length (RFC 6763 section 6.1).
  const data = fields.length === 0 ? [''] : fields;
  return [
    { type: 'PTR', name: KINDS, ttl: OTHER_TTL, data: SERVICE },
    { type: 'PTR', name: SERVICE, ttl: OTHER_TTL, data: name },
    { type: 'SRV', name, ttl: HOST_TTL, data: { port, target, priority: 0, weight: 0 } },
    { type: 'TXT', name, ttl: OTHER_TTL, data },
    { type: 'A', name: target, ttl: HOST_TTL, data: address },
  ];
}
