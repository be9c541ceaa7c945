import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { parseIceUrl, type IceUrl } from '@wingman/node-kit';
import { within } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import { listAddresses } from '../../tunnel/address-watch.js';
import type { Examined, Finding } from './finding.js';
import { askStun } from './stun-question.js';

/** From where a STUN server, at this address, sees one socket of this machine. */
export interface Mapping {
  readonly server: string;
  readonly seen: string;
}

const ABOUT = 'NAT';
/** More would say the same. */
const SERVERS = 4;

/** What stands between this machine and the others, told by two STUN servers that see the same socket. */
export async function nat({ stunServers }: Pick<Examined, 'stunServers'>): Promise<Finding[]> {
  const urls = stunServers.flatMap((text) => parseIceUrl(text) ?? []);
  const asked = urls.filter(({ scheme }) => scheme === 'stun').slice(0, SERVERS);
  if (asked.length === 0) return [];
  return [natFinding(await mappingsOf(asked), listAddresses())];
}

/** Asks each server from the same port; those without an answer, or without an IPv4 address, are left out. */
async function mappingsOf(servers: readonly IceUrl[]): Promise<Mapping[]> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0);
    await once(socket, 'listening');
    const mappings = servers.map(async (url): Promise<Mapping[]> => {
      const server = await addressOf(url);
      const seen = server && (await askStun({ ...url, hostname: server }, socket));
      const isIpv4 = seen !== undefined && isIPv4(seen.slice(0, seen.lastIndexOf(':')));
      return server === undefined || !isIpv4 ? [] : [{ server, seen }];
    });
    return (await Promise.all(mappings)).flat();
  } catch {
    // No network of IPv4.
    return [];
  } finally {
    socket.close();
  }
}

async function addressOf({ hostname }: IceUrl): Promise<string | undefined> {
  try {
    return (await within(lookup(hostname, { family: 4 }), HOST_LIMITS.doctorMs))?.address;
  } catch {
    return undefined;
  }
}

/** What the mappings mean (RFC 4787 section 4.1). `own` are this machine's addresses. */
export function natFinding(mappings: readonly Mapping[], own: readonly string[]): Finding {
  const hosts = new Set(mappings.map(({ seen }) => seen.slice(0, seen.lastIndexOf(':'))));
  if (hosts.size > 0 && [...hosts].every((host) => own.includes(host))) {
    return { about: ABOUT, grade: 'good', says: 'none: others see this machine’s own address' };
  }
  if (new Set(mappings.map(({ server }) => server)).size < 2) return UNKNOWN;
  return new Set(mappings.map(({ seen }) => seen)).size === 1 ? LENIENT : STRICT;
}

const UNKNOWN: Finding = {
  about: ABOUT,
  grade: 'note',
  says: 'not known: that takes answers of two STUN servers at different IPv4 addresses',
  cure: 'Name two: --stun stun:stun.example.org,stun:stun.example.net',
};

const LENIENT: Finding = {
  about: ABOUT,
  grade: 'good',
  says: 'lenient: everybody sees the same address and port, so direct paths come up with most networks',
};

const STRICT: Finding = {
  about: ABOUT,
  grade: 'note',
  says: 'strict (symmetric): each peer sees another port, so with viewers behind a careful router it is the relay',
  cure: 'Another network, such as a telephone’s, or one without a VPN, may be lenient. Else nothing is lost but speed.',
};
