import { isIPv6 } from 'node:net';
import { isSessionName, LIMITS, WingmanError } from '@wingman/protocol';
import { visibleText } from '@wingman/node-kit';
import type { Answer } from 'dns-packet';
import { HOST_LIMITS } from '../../limits.js';
import { aborted } from '../process.js';
import { openMulticast } from '../../tunnel/multicast.js';
import { wrapWords } from '../terminal/words.js';
import { BY_TLS, SERVICE, SHARED_BY } from './announcement.js';
import { lanAddress } from './lan-address.js';

/** A session that somebody on the network shares. */
export interface Found {
  readonly session: string;
  readonly sharedBy: string | undefined;
  /** Where it is: at the address that the announcement came from, whatever the announcement says. */
  readonly url: string;
}

export interface DiscoverRequest {
  /** This machine's address on the network; undefined: the likeliest. */
  readonly address: string | undefined;
  readonly json: boolean;
  readonly write: (text: string) => void;
  /** Of the terminal; undefined where there is none. */
  readonly columns?: number | undefined;
  readonly stop: AbortSignal;
}

/** Lists what others on this network share, as it is found, for HOST_LIMITS.discoverMs; resolves with how many there are. Rejects with REFUSED where there is no network. */
export async function discover(request: DiscoverRequest): Promise<number> {
  const { json, write } = request;
  const sessions = new Map<string, Found>();
  const address = await lanAddress(request.address);
  if (isIPv6(address)) throw new WingmanError('REFUSED', `${address} ${NOT_ANNOUNCED}`);
  await listen(address, request.stop, (answers, sender) => {
    for (const found of foundIn(answers, sender)) {
      const isFull = sessions.size >= HOST_LIMITS.discovered;
      if (isFull || sessions.has(found.session)) continue;
      sessions.set(found.session, found);
      write(json ? `${JSON.stringify({ event: 'found', ...found })}\n` : lineOf(found));
    }
  });
  const closing = sessions.size === 0 ? NOTHING : HOW_TO_OPEN;
  if (!json) write(closing.map((line) => `${wrapWords(line, request.columns)}\n`).join(''));
  return sessions.size;
}

const NOT_ANNOUNCED =
  'is of IPv6, where nothing is announced. Name an address of IPv4: --lan-address';

const NOTHING = [
  '  Nobody shares anything on this network, or its access point keeps devices apart.',
  '  wingman 3000 --lan shares something.',
];
const HOW_TO_OPEN = ['  To open one you need its whole link: ask whoever shares it.'];

function lineOf({ session, sharedBy, url }: Found): string {
  const by = sharedBy === undefined ? '' : `, by ${visibleText(sharedBy)}`;
  return `  ${session}${by}: ${url}\n`;
}

type Heard = (answers: readonly Answer[], sender: string) => void;

/** Asks, and asks again, because packets are lost; until the time is over. */
async function listen(address: string, stop: AbortSignal, heard: Heard): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), HOST_LIMITS.discoverMs);
  const multicast = openMulticast(address);
  multicast.on('response', ({ answers, additionals }, { address: sender }) => {
    heard([...(answers ?? []), ...(additionals ?? [])], sender);
  });
  const ask = (): void => multicast.query([{ name: SERVICE, type: 'PTR' }]);
  const again = setInterval(ask, HOST_LIMITS.discoverAgainMs);
  multicast.once('ready', ask);
  const failed = new Promise<never>((_, reject) => void multicast.once('error', reject));
  try {
    await Promise.race([aborted(AbortSignal.any([stop, over.signal])), failed]);
  } finally {
    clearTimeout(timer);
    clearInterval(again);
    await new Promise<void>((resolve) => multicast.destroy(resolve));
  }
}

/** The sessions that a packet announces. Whoever is on the network can send one, so nothing in it is believed unseen. */
export function foundIn(answers: readonly Answer[], sender: string): Found[] {
  const lasting = answers.filter((record) => !('ttl' in record) || record.ttl !== 0);
  return lasting.flatMap((record) => {
    if (record.type !== 'SRV' || !record.name.toLowerCase().endsWith(`.${SERVICE}`)) return [];
    const session = record.name.slice(0, -SERVICE.length - 1).toLowerCase();
    const { port } = record.data;
    if (!isSessionName(session) || !(port > 0)) return [];
    const texts = textsOf(lasting, record.name);
    const scheme = texts.includes(BY_TLS) ? 'https' : 'http';
    return [{ session, sharedBy: sharedByIn(texts), url: `${scheme}://${sender}:${port}/` }];
  });
}

function textsOf(answers: readonly Answer[], name: string): string[] {
  const isOfName = (other: string): boolean => other.toLowerCase() === name.toLowerCase();
  return answers.flatMap((record) =>
    record.type === 'TXT' && isOfName(record.name) ? [record.data].flat().map(String) : [],
  );
}

function sharedByIn(texts: readonly string[]): string | undefined {
  const by = texts.find((text) => text.startsWith(SHARED_BY))?.slice(SHARED_BY.length) ?? '';
  // Half a character is none.
  const cut = by.slice(0, LIMITS.sharedByChars).replace(/[\ud800-\udbff]$/, '');
  return cut === '' ? undefined : cut;
}
