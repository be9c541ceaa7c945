import { stripVTControlCharacters } from 'node:util';
import { isLoopbackHost, visibleText } from '@wingman/node-kit';
import { formatBytes, type Path } from '@wingman/protocol';
import { createColors } from 'picocolors';
import { renderUnicodeCompact } from 'uqr';
import type { TransferProgress } from '../exchange/transfers.js';
import { shortHash } from './verify.js';
import type { Standing, VisitorInfo } from '../entry/visitor.js';
import type { PathChange } from '../tunnel/path-changes.js';
import type { ReadyInfo, Reporter } from './reporter.js';

/** Where the view is drawn. */
export interface Screen {
  write(text: string): void;
  /** Characters in a line; undefined when it is no terminal. */
  readonly columns: number | undefined;
  /** Lines of a screen; undefined when it is no terminal, or nobody looks at it. */
  readonly rows: number | undefined;
  readonly color: boolean;
  now(): Date;
}

type Colors = ReturnType<typeof createColors>;

/** Where the second column of the view begins. */
const INDENT = 11;
const NO_ONE = 'no viewers';

/** Lines for a person: they are only ever added, so nothing flickers and a log file reads the same. */
export function terminalReporter(screen: Screen): Reporter {
  const c = createColors(screen.color);
  const line = (text: string): void => screen.write(`${text}\n`);
  const event = (text: string): void => line(`  ${c.dim(clockTime(screen.now()))}  ${text}`);
  return {
    ready: (info) => line(readyView(info, screen, c)),
    viewerJoined: ({ viewer, path, viewers }) => {
      event(
        `${c.green('+')} viewer ${short(viewer)} joined, ${pathName(path)} ${count(viewers, c)}`,
      );
    },
    pathChanged: ({ viewer, path, change }) => {
      event(`${c.cyan('~')} viewer ${short(viewer)} ${CHANGES[change](pathName(path))}`);
    },
    viewerLeft: ({ viewer, viewers }) => {
      event(`${c.dim('-')} viewer ${short(viewer)} left ${count(viewers, c)}`);
    },
    visitor: (visitor) => event(visitorText(visitor, c)),
    wrongPassphrase: ({ visitor, wrong }) => {
      event(`${c.yellow('!')} ${who(visitor)} typed a wrong passphrase (${wrong} so far)`);
    },
    visitors: (visitors, { wrong, limited }) => {
      for (const visitor of visitors) event(`${who(visitor)}: ${visitor.standing}`);
      if (visitors.length === 0) event('nobody has come yet');
      if (wrong > 0)
        event(`wrong passphrases: ${wrong}; not looked at, being too many: ${limited}`);
    },
    transfer: (progress) => {
      const { viewer } = progress;
      event(c.dim(transferText(progress, viewer === undefined ? undefined : short(viewer))));
    },
    reconnected: () => event(`${c.green('+')} the tunnel server is back; the URL is the same`),
    problem: ({ message, viewer }) => {
      const source = viewer === undefined ? 'tunnel server' : `viewer ${short(viewer)}`;
      event(`${c.yellow('!')} ${source}: ${visibleText(message)}`);
    },
    failed: (_code, message) => line(`${c.red('wingman:')} ${visibleText(message)}`),
    stopping: (event) => line(`\n  ${c.dim(stoppingText(event))}`),
    stopped: ({ message, refused }) => {
      const counts = Object.entries(refused).map(([code, times]) => `${code} ${times}`);
      if (counts.length > 0) line(`  ${c.dim(`Refused or cut off: ${counts.join(', ')}`)}`);
      line(`  ${message === '' ? 'Stopped.' : `Stopped: ${visibleText(message)}.`}`);
    },
  };
}

const CHANGES: Readonly<Record<PathChange, (path: string) => string>> = {
  connected: (path) => `is back, ${path}`,
  upgraded: (path) => `is now ${path}`,
  chosen: (path) => `is now ${path}`,
  'fell-back': (path) => `lost its path and goes on ${path}`,
  lost: () => 'lost its connection; waiting for it to come back',
};

/** The address is only what the server says, so it is told as that. */
function who({ address, number, browser }: VisitorInfo): string {
  const from = address === undefined ? '' : `, at ${address}, says the server`;
  return `visitor ${number} (${browser}${from})`;
}

const STANDINGS: Readonly<Record<Standing, (number: number) => string>> = {
  waiting: (number) => `wants in: type a ${number} to accept, r ${number} to refuse, and Enter`,
  admitted: () => 'is let in',
  refused: () => 'is turned away',
  new: () => 'waits no longer',
};

function visitorText(visitor: VisitorInfo, c: Colors): string {
  const { number, standing } = visitor;
  const mark = { waiting: c.yellow('?'), admitted: c.green('+'), refused: '-', new: c.dim('-') };
  return `${mark[standing]} ${who(visitor)} ${STANDINGS[standing](number)}`;
}

function stoppingText({ exchanges, drainMs }: Parameters<Reporter['stopping']>[0]): string {
  const who = exchanges === 1 ? '1 exchange' : `${exchanges} exchanges`;
  const what = exchanges === 0 ? '' : `${who} under way may end within ${drainMs / 1000} s. `;
  return `Stopping … ${what}(Ctrl-C again to stop at once)`;
}

function readyView(info: ReadyInfo, screen: Screen, c: Colors): string {
  const row = (name: string, value: string): string => `  ${c.dim(name.padEnd(8))} ${value}`;
  const lines = [
    '',
    `  ${c.bold('Wingman')} shares ${c.bold(`localhost:${info.port}`)}`,
    '',
    ...(info.alsoPorts.length === 0
      ? []
      : [row('also', info.alsoPorts.map((port) => `localhost:${port}`).join(', '))]),
    row('until', until(new Date(info.expiresAt), screen.now())),
    row('direct', direct(info)),
    row('viewers', `at most ${info.maxViewers}; ${entry(info)}`),
    row('server', `${info.server}${info.embedded ? ' (in this process, for this machine)' : ''}`),
    row('ingress', ingress(info)),
    row(
      'page',
      `${shortHash(info.page)} here; wingman verify <url> compares what the server serves`,
    ),
    ...(info.inspector === undefined ? [] : [row('inspect', info.inspector)]),
    ...(info.entry.isReadOnly ? [row('requests', READ_ONLY)] : []),
    ...warnings(info).map((warning) => `\n  ${c.yellow('!')} ${warning}`),
    '',
    `  ${c.dim('Ctrl-C stops sharing.')}`,
    '',
    `  ${reach(info)}`,
  ];
  const code = qrCode(info.url, screen, lines.join('\n'));
  return [...lines, '', ...code, `  ${c.cyan(info.url)}`, ''].join('\n');
}

/** Who can open the link, as far as the server's address tells. */
function reach({ server, embedded }: ReadyInfo): string {
  const { hostname } = new URL(server);
  if (embedded || isLoopbackHost(hostname)) {
    return 'Opens in browsers on this machine only; --server reaches others.';
  }
  if (ON_THIS_NETWORK.test(hostname)) return 'Opens for everyone on this network who has the link.';
  return `Opens for everyone who has the link and reaches ${hostname}.`;
}

/** Private addresses (RFC 1918, RFC 4193), those of a link (RFC 3927, RFC 4291), and names of mDNS (RFC 6762). */
const ON_THIS_NETWORK =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[f[cd]|\[fe[89ab])|\.local$/;

function warnings(info: ReadyInfo): string[] {
  const list: string[] = [];
  if (!info.appAnswers) {
    list.push(
      `Nothing listens on port ${info.port} yet. Start your app; viewers see a page that says so.`,
    );
  }
  if (info.takenPort !== undefined) {
    list.push(`Port ${info.takenPort} is taken, so the tunnel server uses another one this time.`);
  }
  return list;
}

function direct({ p2p }: ReadyInfo): string {
  if (p2p.enabled) return `on (${p2p.engine}), else over the relay, sealed`;
  return p2p.reason === 'switched off'
    ? 'off: everything over the relay, sealed'
    : 'off: no WebRTC engine loads on this machine; everything over the relay, sealed';
}

const READ_ONLY = 'read-only: GET, HEAD and OPTIONS pass, and WebSockets';

/** Who gets in, of those who have the URL. */
function entry({ entry: { asksPassphrase, passphrase, asksDeveloper } }: ReadyInfo): string {
  const shown = passphrase === undefined ? 'your passphrase' : `the passphrase ${passphrase}`;
  const first = asksPassphrase ? `they need the URL and ${shown}` : 'whoever has the URL';
  if (!asksDeveloper) return asksPassphrase ? first : `${first} can open it`;
  return [
    asksPassphrase
      ? `${first}, and you let each in:`
      : `of those who have the URL you let each in:`,
    'a 1 accepts visitor 1, r 1 refuses or removes, v lists (and Enter)',
  ].join(`\n${' '.repeat(INDENT)}`);
}

/** Who may use plain HTTP. Where it needs the key, a command to copy follows. */
function ingress({ ingress: info, url }: ReadyInfo): string {
  if (info.mode === 'off') return 'off: plain HTTP is refused';
  if (info.mode === 'open') return 'open: whoever knows the host name can use plain HTTP';
  const { origin } = new URL(url);
  return [
    'plain HTTP needs the key, and the server can read it:',
    `curl -H 'Authorization: Bearer ${info.token}' ${origin}/`,
    `wingman url '<the link below>' --path /hooks   (signs a URL for a webhook)`,
  ].join(`\n${' '.repeat(INDENT)}`);
}

/** Left out where the screen's edge would break it, and where the first line would leave the screen for it. */
function qrCode(url: string, { columns, rows }: Screen, before: string): string[] {
  if (columns === undefined || rows === undefined) return [];
  const lines = renderUnicodeCompact(url, { border: 1 }).split('\n');
  const width = Math.max(...lines.map((text) => text.length)) + 2;
  // Beside the code: an empty line before and behind it and behind the URL, the URL, and the line of the cursor.
  const height = rowsOf(before, columns) + lines.length + 5;
  return width > columns || height > rows ? [] : [...lines.map((text) => `  ${text}`), ''];
}

/** How many rows a text takes where longer lines are wrapped. */
function rowsOf(text: string, columns: number): number {
  return stripVTControlCharacters(text)
    .split('\n')
    .reduce((rows, { length }) => rows + Math.max(1, Math.ceil(length / columns)), 0);
}

function until(end: Date, now: Date): string {
  const minutes = Math.round((end.getTime() - now.getTime()) / 60_000);
  const left = minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  const day =
    end.toDateString() === now.toDateString() ? '' : `${end.toDateString().slice(0, 10)} `;
  return `${day}${clockTime(end).slice(0, 5)} (${left})`;
}

function clockTime(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

const PATH_NAMES: Readonly<Record<Path, string>> = {
  p2p: 'direct',
  turn: 'by TURN',
  relay: 'over the relay',
  offline: 'offline',
};

function pathName(path: Path): string {
  return PATH_NAMES[path];
}

function short(viewer: string): string {
  return viewer.slice(0, 6);
}

function count(viewers: number, c: Colors): string {
  const text = viewers === 0 ? NO_ONE : `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;
  return c.dim(`(${text})`);
}

const TARGET_LENGTH = 40;

/** A body's progress for people; `who` is the viewer's short name, or undefined for plain HTTP. */
export function transferText(progress: TransferProgress, who: string | undefined): string {
  const { direction, method, target } = progress;
  const arrow = direction === 'upload' ? '↑' : '↓';
  const path = target.length > TARGET_LENGTH ? `${target.slice(0, TARGET_LENGTH - 1)}…` : target;
  const by = who === undefined ? 'plain HTTP' : `viewer ${who}`;
  return `${arrow} ${by} ${method} ${visibleText(path)}: ${howFar(progress)}`;
}

function howFar({ bytes, total, bytesPerSecond, state }: TransferProgress): string {
  const speed = `${formatBytes(bytesPerSecond)}/s`;
  if (state === 'broken-off') return `broken off after ${formatBytes(bytes)}`;
  if (state === 'done') return `${formatBytes(bytes)} done, ${speed}`;
  if (total === null || total < bytes) return `${formatBytes(bytes)}, ${speed}`;
  return `${formatBytes(bytes)} of ${formatBytes(total)} (${Math.floor((bytes / total) * 100)} %), ${speed}`;
}
