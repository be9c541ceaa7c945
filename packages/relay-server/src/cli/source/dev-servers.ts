import { readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { ConfigError, visibleText } from '@wingman/node-kit';
import { HOST_LIMITS } from '../../limits.js';
import { ask, type Terminal } from '../ask.js';
import { wrapWords } from '../terminal/words.js';
import { allProcesses, listeningSockets, socketOwners } from './listening.js';
import { probe } from './probe.js';

/** Something on this machine that answers HTTP. */
export interface DevServer {
  readonly port: number;
  /** The title of its first page, and the folder in which it was started; empty when unknown. */
  readonly title: string;
  readonly folder: string;
}

/** Where dev servers listen when nobody says otherwise, for systems that don't tell what listens. */
const USUAL_PORTS = [3000, 3001, 4000, 4200, 4321, 5000, 5173, 5174, 6006, 8000, 8080, 8081, 8888];

/** What of this user's listens and answers HTTP, by port; the first HOST_LIMITS.probes of them. */
export async function findDevServers(from = candidates()): Promise<DevServer[]> {
  const ports = [...from].slice(0, HOST_LIMITS.probes);
  const found = await Promise.all(
    ports.map(async ([port, folder]): Promise<DevServer[]> => {
      const answer = await probe(port);
      if (answer.kind === 'other') return [];
      return [{ port, folder, title: answer.kind === 'web' ? visibleText(answer.title) : '' }];
    }),
  );
  return found.flat();
}

/** Ports that may be a dev server's, with the folder of the process; in order. */
export function candidates(): Map<number, string> {
  const sockets = listeningSockets();
  if (sockets === undefined) return new Map(USUAL_PORTS.map((port) => [port, '']));
  const own = sockets.filter(({ uid }) => uid === process.getuid?.());
  const owners = socketOwners(allProcesses());
  const sorted = own.sort((one, other) => one.port - other.port);
  return new Map(sorted.map(({ port, inode }) => [port, folderOf(owners.get(inode))]));
}

function folderOf(pid: string | undefined): string {
  if (pid === undefined) return '';
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    const home = `${homedir()}/`;
    return folder.startsWith(home) ? `~/${folder.slice(home.length)}` : folder;
  } catch {
    return '';
  }
}

/** Asks which one is to be shared; undefined when the user wants none. Throws ConfigError where nothing runs. */
export async function pickDevServer(
  servers: readonly DevServer[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number | undefined> {
  const [first] = servers;
  if (first === undefined) throw new ConfigError(NOTHING_RUNS);
  terminal.output.write(`${offer(servers, terminal.output.columns)}\n`);
  for (;;) {
    const typed = await ask(terminal, `  Share which? [${first.port}] `, signal);
    if (typed === undefined) return undefined;
    const port = chosen(typed.trim(), servers);
    if (port !== undefined) return port;
  }
}

const NOTHING_RUNS =
  '<port> is missing, and nothing of yours on this machine answers HTTP. Start your app, or let wingman do it: wingman run -- npm run dev';

/** In front of a line's text: a number and two blanks at each side. */
const NUMBER_COLUMNS = 6;

function offer(servers: readonly DevServer[], columns: number | undefined): string {
  const lines = servers.map(({ port, title, folder }, at) => {
    const rest = [title, folder === '' ? '' : `(${visibleText(folder)})`].filter(
      (text) => text !== '',
    );
    const line = `  ${String(at + 1).padStart(2)}  localhost:${port}  ${rest.join(' ')}`.trimEnd();
    return wrapWords(line, columns, NUMBER_COLUMNS);
  });
  return ['', '  These run on this machine:', '', ...lines, ''].join('\n');
}

/** A place in the list, or a port of it; the first for nothing. */
function chosen(typed: string, servers: readonly DevServer[]): number | undefined {
  if (typed === '') return servers[0]?.port;
  const number = Number(typed);
  return servers[number - 1]?.port ?? servers.find(({ port }) => port === number)?.port;
}
