import type { Entrance } from '../../entry/entrance.js';
import type { PortHosts } from '../../tunnel/port-hosts.js';
import type { ReadyInfo, Reporter } from '../reporter.js';
import { obey } from '../visitor-commands.js';
import { clipboardSequence, copyText, openUrl } from './desktop.js';
import type { Key } from './keyboard.js';
import { detailsView, linkOf, qrView } from './ready-view.js';
import type { Screen } from './screen.js';
import { createColors } from 'picocolors';

/** What the keys of a session act on. */
export interface KeyedSession {
  readonly info: ReadyInfo;
  readonly hosts: Pick<PortHosts, 'viewers'> & {
    readonly main: { readonly commons: { readonly entrance: Entrance } };
  };
  readonly screen: Screen;
  readonly reporter: Reporter;
  /** Stops sharing. */
  stop(): void;
}

/** The keys of a running session. Each line is a key. */
export function sessionKeys(session: KeyedSession): Key[] {
  const { info, hosts, screen } = session;
  const { entrance } = hosts.main.commons;
  const show = (text: string): void => screen.write(`${text}\n`);
  const keys: Key[] = [
    { key: 'c', does: 'copy the link', press: () => void copy(session) },
    { key: 'o', does: 'open the link in your browser', press: () => void open(session) },
    {
      key: 'q',
      does: 'show the link as a QR code',
      press: () => show(qrView(linkOf(info), screen) ?? TOO_NARROW),
    },
    { key: 'i', does: 'open the inspector', press: () => void inspect(session) },
    { key: 'v', does: 'list who is here', press: () => listViewers(session) },
    { key: 'p', does: 'pause, and go on', press: () => togglePause(session) },
    {
      key: 'a',
      does: 'accept a visitor',
      asks: () => question('Accept', entrance),
      press: (typed) => answer(session, `a ${typed}`),
    },
    {
      key: 'r',
      does: 'refuse or remove a visitor',
      asks: () => question('Remove', entrance),
      press: (typed) => answer(session, `r ${typed}`),
    },
    {
      key: 'd',
      does: 'details of this session',
      press: () => show(detailsView(info, screen, createColors(screen.color))),
    },
    { key: '?', does: 'list the keys', press: () => show(keyList(keys)) },
    { key: 'x', does: 'stop sharing, like Ctrl-C', press: () => session.stop() },
  ];
  return keys;
}

const TOO_NARROW = '  The QR code needs a wider terminal.';

function keyList(keys: readonly Key[]): string {
  return ['', ...keys.map(({ key, does }) => `  ${key}  ${does}`), ''].join('\n');
}

/** Who may be meant: the one who waits longest needs no number. */
function question(verb: string, { waiting, visitors }: Entrance): string {
  const [first] = waiting;
  const numbers = (waiting.length > 0 ? waiting : visitors).map(({ number }) => number);
  const which = first === undefined ? '' : `, Enter alone for ${first.number}`;
  return `${verb} which visitor (${numbers.slice(0, 8).join(', ') || 'none yet'}${which})?`;
}

async function copy({ info, screen, reporter }: KeyedSession): Promise<void> {
  screen.control(clipboardSequence(linkOf(info)));
  const isCopied = await copyText(linkOf(info));
  reporter.notice(
    isCopied
      ? 'The link is copied.'
      : 'The link was given to your terminal to copy; not every terminal does.',
  );
}

async function open({ info, reporter }: KeyedSession): Promise<void> {
  const isOpen = await openUrl(info.url);
  reporter.notice(
    isOpen ? 'Your browser opens the link.' : 'No browser could be opened here; c copies the link.',
  );
}

async function inspect({ info: { inspector }, reporter }: KeyedSession): Promise<void> {
  if (inspector === undefined) return reporter.notice('There is no inspector in this session.');
  const isOpen = await openUrl(inspector);
  reporter.notice(isOpen ? 'Your browser opens the inspector.' : `The inspector: ${inspector}`);
}

function answer({ hosts, reporter }: KeyedSession, command: string): void {
  const { entrance } = hosts.main.commons;
  if (!obey(command, entrance)) return reporter.visitors(entrance.visitors, entrance.tries);
  // Where nobody asks to come in, nobody else tells of it.
  if (entrance.isOpen) reporter.notice(command.startsWith('a') ? 'Let in again.' : REMOVED);
}

const REMOVED = 'Removed, with all that was under way. a lets them in again.';

function listViewers({ hosts, reporter }: KeyedSession): void {
  const { entrance } = hosts.main.commons;
  if (hosts.viewers.length === 0) reporter.notice('Nobody is here now.');
  reporter.viewers(hosts.viewers);
  const away = entrance.visitors.filter(
    ({ standing }) => standing === 'waiting' || standing === 'refused',
  );
  if (away.length > 0) reporter.visitors(away, entrance.tries);
}

function togglePause({ hosts, reporter }: KeyedSession): void {
  const { entrance } = hosts.main.commons;
  entrance.isPaused = !entrance.isPaused;
  reporter.notice(
    entrance.isPaused
      ? 'Paused: nothing new is let through, and what is under way may end. p goes on.'
      : 'Going on: requests are let through again.',
  );
}
