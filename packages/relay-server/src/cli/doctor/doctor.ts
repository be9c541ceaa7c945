import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { arch, release, type } from 'node:os';
import { meaningOf, parseIceUrl, systemCode, visibleText } from '@wingman/node-kit';
import { toWingmanError } from '@wingman/protocol';
import { createColors } from 'picocolors';
import { ProxyAgent, request } from 'undici';
import { proxyFor } from '../../config.js';
import { HOST_LIMITS } from '../../limits.js';
import { RouterPorts } from '../../tunnel/webrtc/router-ports.js';
import { ENGINE_NAMES, loadEngine } from '../../tunnel/webrtc/webrtc-adapter.js';
import { wrapWords } from '../terminal/words.js';
import type { Examined, Finding } from './finding.js';
import { nat } from './nat.js';
import { peer } from './peer.js';
import { pathMtu } from './path-mtu.js';
import { askStun } from './stun-question.js';

type Check = (examined: Examined) => Promise<Finding[]>;

/** Everything that `wingman doctor` looks at, in this order: this machine first, then what is outside of it. */
const BY_ITSELF: readonly Check[] = [machine, engines, tunnelPort];
const BY_NETWORK: readonly Check[] = [server, pathMtu, stun, nat, router];
const CHECKS = [...BY_ITSELF, ...BY_NETWORK, peer];

function machine(): Promise<Finding[]> {
  const system: Finding = {
    about: 'machine',
    grade: 'good',
    says: `${type()} ${release()}, ${arch()}`,
  };
  // The start has refused an older one.
  return Promise.resolve([
    system,
    { about: 'Node.js', grade: 'good', says: process.versions.node },
  ]);
}

/** One engine is enough. */
async function engines(): Promise<Finding[]> {
  const loaded = await Promise.all(ENGINE_NAMES.map((name) => loadEngine(name)));
  const names = loaded.flatMap(({ engine }) => engine?.name ?? []);
  if (names.length > 0) return [{ about: 'engines', grade: 'good', says: names.join(', ') }];
  const failures = loaded.flatMap((one) => one.failures).join('; ');
  return [
    {
      ...{ about: 'engines', grade: 'bad', says: `none loads, so nothing is direct: ${failures}` },
      cure: 'Install one where npm may run its install script: npm install node-datachannel',
    },
  ];
}

async function tunnelPort({ server, tunnelPort: port }: Examined): Promise<Finding[]> {
  if (server !== undefined || port === 0) return [];
  const about = `port ${port}`;
  const code = await listenOnce(port);
  if (code === '')
    return [{ about, grade: 'good', says: 'free for the tunnel server of this process' }];
  const cure = 'Another free port is used, and URLs change with it. TUNNEL_PORT fixes one.';
  const says = code === 'EADDRINUSE' ? 'another program listens there' : `not to be had: ${code}`;
  return [{ about, grade: 'note', says, cure }];
}

/** The system's code for why nobody can listen there; empty when one can. */
function listenOnce(port: number): Promise<string> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once('error', (error) => resolve(systemCode(error)));
    listener.listen(port, '127.0.0.1', () => listener.close(() => resolve('')));
  });
}

/** Clocks that differ by more than this make certificates and signed URLs fail. */
const CLOCK_SKEW_MS = 30_000;

async function server({ server: url }: Examined): Promise<Finding[]> {
  if (url === undefined) {
    const says = 'none named: only browsers on this machine can open a session';
    return [
      { about: 'server', grade: 'note', says, cure: 'Name one: --server tunnel.example.org' },
    ];
  }
  const since = performance.now();
  const proxy = proxyFor(url);
  const by = proxy === undefined ? '' : ` by the proxy ${new URL(proxy).host}`;
  const agent = proxy === undefined ? undefined : new ProxyAgent(proxy);
  try {
    const signal = AbortSignal.timeout(HOST_LIMITS.doctorMs);
    const asked = { signal, ...(agent !== undefined && { dispatcher: agent }) };
    const { body, headers, statusCode } = await request(new URL('/healthz', url), asked);
    await body.dump();
    const took = Math.round(performance.now() - since);
    if (statusCode !== 200) return [unreachable(url, `it answers ${statusCode}${by}`)];
    const says = `${url.origin}${by}, ${took} ms`;
    return [{ about: 'server', grade: 'good', says }, clock(String(headers.date))];
  } catch (error) {
    return [unreachable(url, reasonOf(error) + by)];
  } finally {
    await agent?.destroy();
  }
}

function reasonOf(error: unknown): string {
  return meaningOf(error) || toWingmanError(error, 'INTERNAL').message;
}

function unreachable(url: URL, why: string): Finding {
  const says = `${url.origin} is no tunnel server that can be reached: ${why}`;
  const cure = 'Check the name and the network, and ask its operator whether it runs.';
  return { about: 'server', grade: 'bad', says, cure };
}

/** The server's clock against ours. */
export function clock(date: string | null, now = Date.now()): Finding {
  const skew = Math.round((Date.parse(date ?? '') - now) / 1_000);
  if (!(Math.abs(skew) * 1_000 > CLOCK_SKEW_MS))
    return { about: 'clock', grade: 'good', says: 'as the server’s' };
  const says = `${Math.abs(skew)} s ${skew > 0 ? 'behind' : 'ahead of'} the server’s`;
  return {
    about: 'clock',
    grade: 'bad',
    says,
    cure: 'Set it by the network (NTP): signed URLs and certificates depend on it.',
  };
}

async function stun({ stunServers }: Examined): Promise<Finding[]> {
  return Promise.all(
    stunServers.map(async (text): Promise<Finding> => {
      const url = parseIceUrl(text);
      const about = 'STUN';
      if (url === undefined || url.scheme !== 'stun')
        return { about, grade: 'note', says: `${text} is not looked at: only stun: is` };
      const address = await askStun(url);
      if (address !== undefined) return { about, grade: 'good', says: `${text} sees ${address}` };
      const says = `${text} doesn't answer: UDP may be blocked here, and then all goes over the relay`;
      return { about, grade: 'bad', says, cure: 'Try another network or server, or --no-p2p.' };
    }),
  );
}

/** Has a port mapped, as for a viewer, and takes it back. */
async function router({ mapsPorts }: Examined): Promise<Finding[]> {
  if (!mapsPorts) return [];
  const about = 'router';
  const heard: string[] = [];
  const ports = new RouterPorts(({ protocol, says }) =>
    heard.push(protocol === undefined ? says : `maps ports by ${protocol.toUpperCase()}: ${says}`),
  );
  const socket = createSocket('udp4').bind(0);
  try {
    await once(socket, 'listening');
    const mapped = await ports.map(socket.address().port);
    const says = heard.at(-1) ?? 'it has not answered in time';
    if (mapped !== undefined) return [{ about, grade: 'good', says }];
    const cure =
      'Two strict NATs, one of them symmetric, are relayed. Many routers have a switch for UPnP or NAT-PMP.';
    return [{ about, grade: 'note', says, cure }];
  } finally {
    socket.close();
    await ports.close();
  }
}

/** What the findings are written on. */
interface Paper {
  readonly color: boolean;
  /** Characters in a line; undefined when it is no terminal. */
  readonly columns: number | undefined;
}

/** Where the text of a line begins, behind its mark and what it is about. */
const TEXT_COLUMN = 15;

const MARKS = { good: '+', note: '·', bad: '!' } as const;

/** Looks at what sharing needs, and tells each finding with what to do; resolves with whether nothing is bad. */
export async function examine(
  examined: Examined,
  write: (text: string) => void,
  { color, columns }: Paper,
): Promise<boolean> {
  const c = createColors(color);
  const paint = { good: c.green, note: c.dim, bad: c.red };
  const line = (text: string): void => write(`${wrapWords(text, columns, TEXT_COLUMN)}\n`);
  const tell = ({ about, grade, says, cure }: Finding): void => {
    line(`  ${paint[grade](MARKS[grade])} ${about.padEnd(10)} ${visibleText(says)}`);
    if (cure !== undefined) line(`${' '.repeat(TEXT_COLUMN)}${cure}`);
  };
  let isWell = true;
  for (const check of CHECKS) {
    for (const finding of await check(examined)) {
      tell(finding);
      isWell &&= finding.grade !== 'bad';
    }
  }
  return isWell;
}
