import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import { within } from '@wingman/protocol';
import { HOST_LIMITS } from '../../limits.js';
import type { Examined, Finding } from './finding.js';

const ABOUT = 'path MTU';
/** The largest packet that a direct path sends (libdatachannel's default). */
const NEEDED_BYTES = 1_280;
/** Enough to fill several packets of the usual size. */
const PROBE_BYTES = 8 * 1024;
/** IPv4 or IPv6 and TCP without options, and the option with times (RFC 7323 section 3.2). */
const HEADER_BYTES = { 4: 40, 6: 60, times: 12 } as const;

/**
 * The largest packet that gets to the server whole. Node can't forbid that a packet is cut, so it is what the system has
 * learned for a connection by TCP: from the other end, from routers between, and from full packets that were sent.
 */
export async function pathMtu({ server }: Pick<Examined, 'server'>): Promise<Finding[]> {
  if (server === undefined) return [];
  const bytes = await learned(server).catch(() => undefined);
  return [bytes === undefined ? UNKNOWN : mtuFinding(bytes)];
}

async function learned(server: URL): Promise<number | undefined> {
  const signal = AbortSignal.timeout(HOST_LIMITS.doctorMs);
  const body = Buffer.alloc(PROBE_BYTES);
  // Whatever the answer, the packets have gone; the connection stays open for a while.
  await (await fetch(new URL('/healthz', server), { method: 'POST', body, signal })).arrayBuffer();
  const name = server.hostname.replace(/^\[|\]$/g, '');
  const addresses = (await within(lookup(name, { all: true }), HOST_LIMITS.doctorMs)) ?? [];
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  const asked = addresses.map(({ address }) => {
    const host = isIPv6(address) ? `[${address}]` : address;
    const filter = ['state', 'established', 'dst', `${host}:${port}`];
    return promisify(execFile)('ss', ['-tinH', ...filter], { signal });
  });
  const found = (await Promise.all(asked)).flatMap(
    ({ stdout }, index) => mtuIn(stdout, addresses[index]?.family === 6 ? 6 : 4) ?? [],
  );
  return found.length === 0 ? undefined : Math.min(...found);
}

/** The smallest that Linux tells of some connections, in what `ss -ti` prints; undefined when it tells of none. */
export function mtuIn(printed: string, family: 4 | 6): number | undefined {
  const sizes = printed.split('\n').flatMap((line) => {
    const [, segment] = /\bmss:(\d+)/.exec(line) ?? [];
    const [, path] = /\bpmtu:(\d+)/.exec(line) ?? [];
    if (segment === undefined || path === undefined) return [];
    const least = Number(segment) + HEADER_BYTES[family];
    const most = least + HEADER_BYTES.times;
    // Not every system says whether the times are there; where they explain the difference, they are.
    if (Number(path) <= most) return [Number(path)];
    return [/\bts\b/.test(line) ? most : least];
  });
  return sizes.length === 0 ? undefined : Math.min(...sizes);
}

/** What a size means for direct paths. */
export function mtuFinding(bytes: number): Finding {
  const says = `${bytes} bytes to the server, by TCP`;
  if (bytes >= NEEDED_BYTES) return { about: ABOUT, grade: 'good', says };
  return {
    ...{ about: ABOUT, grade: 'bad', says: `${says}: direct paths send ${NEEDED_BYTES}` },
    cure: 'A VPN or tunnel takes the rest: leave it, or raise its MTU. Else --no-p2p, which goes by TCP alone.',
  };
}

const UNKNOWN: Finding = {
  ...{
    about: ABOUT,
    grade: 'note',
    says: 'not measured: that takes Linux with ss, and a server that answers',
  },
  cure: 'If direct paths come up and stall, try --no-p2p.',
};
