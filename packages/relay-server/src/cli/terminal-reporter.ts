import { visibleText } from '@wingman/node-kit';
import { formatBytes, type Clock } from '@wingman/protocol';
import { createColors } from 'picocolors';
import type { RequestReport } from '../exchange/requests.js';
import type { TransferProgress } from '../exchange/transfers.js';
import type { Entrance } from '../entry/entrance.js';
import type { Standing, VisitorInfo } from '../entry/visitor.js';
import type { ViewerInfo } from '../tunnel/host-types.js';
import type { Reporter } from './reporter.js';
import { readyView } from './terminal/ready-view.js';
import { RequestLines } from './terminal/request-lines.js';
import type { Screen } from './terminal/screen.js';
import { Summary } from './terminal/summary.js';
import { TroubleLines } from './terminal/trouble-lines.js';
import { ViewerLines } from './terminal/viewer-lines.js';
import { clockTime, count, pathName, wrapWords } from './terminal/words.js';

type Colors = ReturnType<typeof createColors>;

/** Lines for a person: they are only ever added, so nothing flickers and a log file reads the same. */
export function terminalReporter(screen: Screen, clock: Clock): Reporter {
  const view = new TerminalView(screen, clock);
  const { c, viewers, summary } = view;
  return {
    ready: (info) => view.line(readyView(info, screen, c)),
    viewerJoined: ({ viewer, path }, who) => {
      viewers.joined(viewer, path, who);
      summary.joined(viewer, path);
      view.count();
    },
    pathChanged: ({ viewer, path, change }) => {
      summary.pathChanged(viewer, path);
      viewers.pathChanged(viewer, path, change === 'lost' || change === 'fell-back');
      view.count();
    },
    viewerLeft: ({ viewer, viewers: left }) => view.left(viewer, left),
    request: (report) => view.request(report),
    viewers: (list) => view.lines(list.map((info) => viewerText(info, viewers.name(info.viewer)))),
    visitor: (visitor) => view.event(visitorText(visitor, c)),
    wrongPassphrase: ({ visitor, wrong }) => {
      view.event(`${c.yellow('!')} ${who(visitor)} typed a wrong passphrase (${wrong} so far)`);
    },
    visitors: (visitors, passphrases) => view.visitors(visitors, passphrases),
    transfer: (progress) => {
      const { viewer } = progress;
      view.event(
        c.dim(transferText(progress, viewer === undefined ? 'plain HTTP' : viewers.name(viewer))),
      );
    },
    reconnected: () => {
      view.trouble.forget();
      view.event(`${c.green('+')} the tunnel server is back; the URL is the same`);
    },
    moved: ({ url, server }) => {
      view.trouble.forget();
      view.event(`${c.green('+')} ${server} has the session now; its URL is another one:`);
      view.line(`\n  ${c.bold(url)}\n`);
    },
    problem: ({ message, viewer }) => {
      const source = viewer === undefined ? 'tunnel server' : viewers.name(viewer);
      view.trouble.add(`${source}: ${message}`);
    },
    warned: (text) => view.trouble.add(text),
    notice: (text) => view.event(text),
    output: (text) => view.line(text),
    failed: (_code, message) => view.wrapped(`${c.red('wingman:')} ${visibleText(message)}`),
    stopping: (event) => {
      view.end();
      view.line('');
      view.wrapped(`  ${c.dim(stoppingText(event))}`);
    },
    stopped: (event) => view.stopped(event),
  };
}

/** Where the text of a line begins, behind the time and the mark. */
const TEXT_COLUMN = 14;

/** The lines, and the one below them that counts. */
class TerminalView {
  readonly c: Colors;
  readonly viewers: ViewerLines;
  readonly requests: RequestLines;
  readonly trouble: TroubleLines;
  readonly summary: Summary;
  readonly #screen: Screen;
  #isOver = false;

  constructor(screen: Screen, clock: Clock) {
    this.#screen = screen;
    const c = createColors(screen.color);
    this.c = c;
    const marks = { '+': c.green('+'), '-': c.dim('-'), '~': c.cyan('~') };
    this.viewers = new ViewerLines({
      clock,
      tell: (mark, text) => this.event(`${marks[mark]} ${text}`),
    });
    this.requests = new RequestLines({
      clock,
      columns: () => screen.columns,
      now: () => screen.now(),
      mark: (viewer) => this.viewers.mark(viewer),
      tell: (line, isFailure) => this.line(`  ${isFailure ? c.yellow(line) : c.dim(line)}`),
    });
    this.summary = new Summary(clock);
    this.trouble = new TroubleLines(clock, (text) => this.event(`${c.yellow('!')} ${text}`));
  }

  left(viewer: string, viewers: number): void {
    this.requests.flush();
    this.viewers.left(viewer, viewers);
    this.summary.left(viewer);
    this.count();
  }

  request(report: RequestReport): void {
    if (report.viewer !== undefined) this.viewers.greet(report.viewer);
    this.requests.add(report);
    this.summary.request(report);
    this.trouble.refused(report);
    this.count();
  }

  visitors(visitors: readonly VisitorInfo[], { wrong, limited }: Entrance['tries']): void {
    this.lines(visitors.map((visitor) => `${who(visitor)}: ${visitor.standing}`));
    if (visitors.length === 0) this.event('nobody has come yet');
    if (wrong > 0)
      this.event(`wrong passphrases: ${wrong}; not looked at, being too many: ${limited}`);
  }

  line(text: string): void {
    this.#screen.write(`${text}\n`);
  }

  wrapped(text: string): void {
    this.line(wrapWords(text, this.#screen.columns));
  }

  event(text: string): void {
    const line = `  ${this.c.dim(clockTime(this.#screen.now()))}  ${text}`;
    this.line(wrapWords(line, this.#screen.columns, TEXT_COLUMN));
  }

  lines(texts: readonly string[]): void {
    for (const text of texts) this.event(text);
  }

  /** Shows the sums below the last line. */
  count(): void {
    if (this.#isOver) return;
    const { viewers, direct } = this.viewers.counts;
    const { count: requests, bytes } = this.requests.sum;
    const keys = this.#screen.hasKeys ? ' · ? keys' : '';
    const here = `${count(viewers, 'viewer')}${viewers === 0 ? '' : `, ${direct} direct`}`;
    this.#screen.status(`  ${here} · ${count(requests, 'request')}, ${formatBytes(bytes)}${keys}`);
  }

  stopped({ message, pushed, refused }: Parameters<Reporter['stopped']>[0]): void {
    this.end();
    for (const line of this.summary.lines(pushed)) this.wrapped(`  ${this.c.dim(line)}`);
    const counts = Object.entries(refused).map(([code, times]) => `${code} ${times}`);
    if (counts.length > 0)
      this.wrapped(`  ${this.c.dim(`Refused or cut off: ${counts.join(', ')}`)}`);
    this.wrapped(`  ${message === '' ? 'Stopped.' : `Stopped: ${visibleText(message)}.`}`);
  }

  end(): void {
    this.requests.flush();
    this.#isOver = true;
    this.#screen.status('');
  }
}

/** The address is only what the server says, so it is told as that. */
function who({ address, number, browser }: VisitorInfo): string {
  return `visitor ${number} (${browser}${fromText(address)})`;
}

function fromText(address: string | undefined): string {
  return address === undefined ? '' : `, at ${address}, says the server`;
}

function viewerText({ path, rttMs, browser, address }: ViewerInfo, name: string): string {
  const trip = rttMs === null ? '' : `, ${Math.max(1, Math.round(rttMs))} ms there and back`;
  return `${name} (${browser ?? 'unknown browser'}${fromText(address)}): ${pathName(path)}${trip}`;
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
  const under = count(exchanges, 'exchange');
  const what = exchanges === 0 ? '' : `${under} under way may end within ${drainMs / 1000} s. `;
  return `Stopping … ${what}(Ctrl-C again to stop at once)`;
}

const TARGET_LENGTH = 40;

/** A body's progress for people. */
export function transferText(progress: TransferProgress, who: string): string {
  const { direction, method, target } = progress;
  const arrow = direction === 'upload' ? '↑' : '↓';
  const path = target.length > TARGET_LENGTH ? `${target.slice(0, TARGET_LENGTH - 1)}…` : target;
  return `${arrow} ${who} ${method} ${visibleText(path)}: ${howFar(progress)}`;
}

function howFar({ bytes, total, bytesPerSecond, state }: TransferProgress): string {
  const speed = `${formatBytes(bytesPerSecond)}/s`;
  if (state === 'broken-off') return `broken off after ${formatBytes(bytes)}`;
  if (state === 'done') return `${formatBytes(bytes)} done, ${speed}`;
  if (total === null || total < bytes) return `${formatBytes(bytes)}, ${speed}`;
  return `${formatBytes(bytes)} of ${formatBytes(total)} (${Math.floor((bytes / total) * 100)} %), ${speed}`;
}
