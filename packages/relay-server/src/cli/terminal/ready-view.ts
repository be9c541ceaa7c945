import { stripVTControlCharacters } from 'node:util';
import { isLoopbackHost, visibleText } from '@wingman/node-kit';
import { renderUnicodeCompact } from 'uqr';
import type { createColors } from 'picocolors';
import type { ReadyInfo } from '../reporter.js';
import { shortHash } from '../verify.js';
import type { Screen } from './screen.js';
import { clockTime, wrapWords } from './words.js';

type Colors = ReturnType<typeof createColors>;

/** Where the second column of the view begins. */
const INDENT = 11;

/** What is shown when the session is up: the URL last and alone on its line, and all of it on one screen. */
export function readyView(info: ReadyInfo, screen: Screen, c: Colors): string {
  const url = `  ${c.cyan(linkOf(info))}`;
  if (screen.isShared === true) return [...briefView(info, screen, c), url].join('\n');
  // An empty line follows, and the one of the cursor.
  const fits = (lines: readonly string[]): boolean =>
    fitsScreen([...lines, '', url, '', ''], screen);
  const whole = [...opening(info, c), ...details(info, screen, c), ...closing(info, screen, c)];
  // What is left out can be asked for.
  if (screen.hasKeys && !fits(whole))
    return [...shortView(info, screen, c), '', url, ''].join('\n');
  const code = ['', ...qrCode(linkOf(info))];
  const isWatched = screen.columns !== undefined && screen.rows !== undefined;
  const hasCode = isWatched && fitsWidth(code, screen) && fits([...whole, ...code]);
  return [...whole, ...(hasCode ? code : []), '', url, ''].join('\n');
}

/** What is copied, sent and shown as a code: with `--lan` what a phone opens. */
export function linkOf({ lan, url }: ReadyInfo): string {
  return lan?.url ?? url;
}

/** For a small screen, without empty lines. */
function shortView(info: ReadyInfo, screen: Screen, c: Colors): string[] {
  return [...opening(info, c), ...essentials(info, screen, c), ...closing(info, screen, c)].filter(
    (line) => line !== '',
  );
}

/** One of several. */
function briefView(info: ReadyInfo, screen: Screen, c: Colors): string[] {
  return [...opening(info, c), ...closing(info, screen, c)].filter((line) => line !== '');
}

/** Everything about the session, for the key that asks for it. */
export function detailsView(info: ReadyInfo, screen: Screen, c: Colors): string {
  return [
    '',
    ...details(info, screen, c),
    '',
    wrapWords(`  ${reach(info)}`, screen.columns),
    `  ${c.cyan(linkOf(info))}`,
    '',
  ].join('\n');
}

function opening({ label, port }: ReadyInfo, c: Colors): string[] {
  const where = label === `localhost:${port}` ? '' : `, on localhost:${port}`;
  return ['', `  ${c.bold('Wingman')} shares ${c.bold(visibleText(label))}${where}`, ''];
}

function closing(info: ReadyInfo, screen: Screen, c: Colors): string[] {
  const wrapped = (text: string): string => wrapWords(`  ${text}`, screen.columns);
  return [
    ...warnings(info).flatMap((warning) => ['', wrapped(`${c.yellow('!')} ${warning}`)]),
    '',
    c.dim(wrapped(screen.hasKeys ? KEYS : 'Ctrl-C stops sharing.')),
    '',
    wrapped(reach(info)),
  ];
}

const KEYS = 'Keys: c copy, o open, q QR, i inspect, v viewers, d details, ? all, x stop';

type Row = readonly [name: string, value: string];

function table(rows: readonly Row[], { columns }: Screen, c: Colors): string[] {
  return rows.map(([name, value]) => {
    const [first = '', ...commands] = value.split('\n');
    // Commands are copied, so no line is broken in them.
    const more = commands.map((line) => `\n${' '.repeat(INDENT)}${line}`);
    return [wrapWords(`  ${c.dim(name.padEnd(8))} ${first}`, columns, INDENT), ...more].join('');
  });
}

/** What nobody may miss: who gets in, until when, and that a phone needs more than the URL. */
function essentials(info: ReadyInfo, screen: Screen, c: Colors): string[] {
  const rows: Row[] = [untilRow(info, screen), ['viewers', entry(info)]];
  if (info.lan?.trust !== undefined) rows.push(['trust', 'phones, once: d shows how']);
  return table(rows, screen, c);
}

function details(info: ReadyInfo, screen: Screen, c: Colors): string[] {
  const also = info.alsoPorts.map((port) => `localhost:${port}`).join(', ');
  const rows: Row[] = [
    ['also', also],
    ['here', info.lan === undefined ? '' : `${info.url} (on this machine: the whole tunnel)`],
    untilRow(info, screen),
    ['direct', direct(info)],
    ['viewers', `at most ${info.maxViewers}; ${entry(info)}`],
    [
      'server',
      `${info.server}${info.embedded ? ` (in this process, for ${info.lan === undefined ? 'this machine' : 'this network'})` : ''}`,
    ],
    ['ingress', ingress(info)],
    ['page', `${shortHash(info.page)} here; wingman verify <url> compares what the server serves`],
    ['inspect', info.inspector ?? ''],
    ['requests', info.entry.isReadOnly ? READ_ONLY : ''],
    // Nothing may push off what somebody compares.
    ['trust', trust(info, screen)],
  ];
  const shown = rows.filter(([, value]) => value !== '');
  return table(shown, screen, c);
}

function untilRow({ expiresAt }: ReadyInfo, screen: Screen): Row {
  return ['until', until(new Date(expiresAt), screen.now())];
}

/** Who can open the link, as far as the server's address tells. */
function reach({ server, embedded, lan }: ReadyInfo): string {
  if (lan !== undefined) return lan.trust === undefined ? ON_LAN : ON_LAN_BY_TLS;
  const { hostname } = new URL(server);
  if (embedded || isLoopbackHost(hostname)) {
    return 'Opens in browsers on this machine only; --server reaches others.';
  }
  if (ON_THIS_NETWORK.test(hostname)) return 'Opens for everyone on this network who has the link.';
  return `Opens for everyone who has the link and reaches ${hostname}.`;
}

const ON_LAN =
  'Opens for everyone on this network who has the link, by plain HTTP: whoever can listen on the network can read it, and take part.';

const ON_LAN_BY_TLS =
  'Opens on this network for who has the link, in browsers that trust this machine’s certificate.';

/** What a phone has to do once. */
function trust({ lan }: ReadyInfo, { columns = Infinity }: Screen): string {
  if (lan?.trust === undefined) return '';
  const { fingerprint, url } = lan.trust;
  // A line that the edge breaks within a byte is hard to compare.
  const perLine = columns < INDENT + HALF_PRINT ? HALF_PRINT / 2 : HALF_PRINT;
  const count = Math.ceil(fingerprint.length / perLine);
  return [
    'once, a phone has to install and trust the certificate from',
    url,
    wrapWords('(past its warning), when this is its SHA-256:', columns - INDENT, 0),
    ...Array.from({ length: count }, (_, line) =>
      fingerprint.slice(line * perLine, (line + 1) * perLine),
    ),
  ].join('\n');
}

/** Sixteen of the 32 bytes, with their colons. */
const HALF_PRINT = 48;

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
  ].join('\n');
}

/** Who may use plain HTTP. Where it needs the key, a command to copy follows. */
function ingress({ ingress: info, url }: ReadyInfo): string {
  if (info.mode === 'off') return 'off: plain HTTP is refused';
  if (info.mode === 'open') return 'open: whoever knows the host name can use plain HTTP';
  const { origin } = new URL(url);
  return [
    'plain HTTP needs the key, and the server can read it:',
    `curl -H 'Authorization: Bearer ${info.token}' ${origin}/`,
    `wingman url '<the link below>' --path /hooks  (for a webhook)`,
  ].join('\n');
}

/** The code of a URL, line by line. */
function qrCode(url: string): string[] {
  return renderUnicodeCompact(url, { border: 1 })
    .split('\n')
    .map((text) => `  ${text}`);
}

/**
 * The code of a URL for the key that asks for it; undefined where the screen's edge would break it. On a screen that has
 * no row for more it stands alone: a camera needs all of it.
 */
export function qrView(url: string, screen: Screen): string | undefined {
  const code = qrCode(url);
  if (!fitsWidth(code, screen)) return undefined;
  const whole = ['', ...code, '', `  ${url}`, ''];
  // The rows of the sums and of the cursor follow.
  return (fitsScreen([...whole, ''], screen) ? whole : code).join('\n');
}

/** Whether the first line is still on the screen when the last one is. */
function fitsScreen(lines: readonly string[], { columns, rows }: Screen): boolean {
  if (columns === undefined || rows === undefined) return true;
  return rowsOf(lines.join('\n'), columns) <= rows;
}

/** Whether no line is broken by the screen's edge. */
function fitsWidth(lines: readonly string[], { columns = 0 }: Screen): boolean {
  return lines.every(({ length }) => length <= columns);
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
