import type { Clock, Timer } from '@wingman/protocol';
import { formatBytes } from '@wingman/protocol';
import { visibleText } from '@wingman/node-kit';
import type { RequestReport } from '../../exchange/requests.js';
import { HOST_LIMITS } from '../../limits.js';
import { clockTime } from './words.js';

export interface RequestLinesOptions {
  readonly clock: Clock;
  /** Characters in a line; undefined when it is no terminal. */
  readonly columns: () => number | undefined;
  now(): Date;
  /** What a viewer is called in a table. */
  mark(viewer: string): string;
  tell(line: string, isFailure: boolean): void;
}

/** What has passed in one burst. */
interface Burst {
  readonly startedAt: number;
  /** Lines that were written: of answers, and of failures. */
  readonly lines: { plain: number; failed: number };
  readonly folded: { count: number; bytes: number; statuses: Map<string, number> };
}

/**
 * Requests as they come, a line each. Of a burst the first are shown, and the rest in one line when it is over: a page
 * of a thousand modules must not push everything else off the screen.
 */
export class RequestLines {
  /** All so far; bytes of the answers. */
  readonly sum = { count: 0, bytes: 0 };
  readonly #options: RequestLinesOptions;
  #burst: Burst | undefined;
  #quiet: Timer | undefined;

  constructor(options: RequestLinesOptions) {
    this.#options = options;
  }

  add(report: RequestReport): void {
    this.sum.count++;
    this.sum.bytes += report.bytes;
    const burst = this.#burstNow();
    const isFailure =
      report.state === 'refused' || report.state === 'broken-off' || (report.status ?? 0) >= 400;
    const kind = isFailure ? 'failed' : 'plain';
    if (burst.lines[kind] < HOST_LIMITS.burstLines) {
      burst.lines[kind]++;
      return this.#options.tell(this.#line(report), isFailure);
    }
    fold(burst, report);
  }

  /** Tells what was folded so far. */
  flush(): void {
    this.#quiet?.cancel();
    const burst = this.#burst;
    this.#burst = undefined;
    if (burst === undefined || burst.folded.count === 0) return;
    const seconds = (this.#options.clock.now() - burst.startedAt) / 1_000;
    this.#options.tell(`… and ${foldedText(burst, seconds)}`, false);
  }

  #burstNow(): Burst {
    const { clock } = this.#options;
    const now = clock.now();
    if (this.#burst !== undefined && now - this.#burst.startedAt >= HOST_LIMITS.burstMs)
      this.flush();
    this.#burst ??= {
      startedAt: now,
      lines: { plain: 0, failed: 0 },
      folded: { count: 0, bytes: 0, statuses: new Map() },
    };
    this.#quiet?.cancel();
    this.#quiet = clock.setTimeout(() => this.flush(), HOST_LIMITS.burstQuietMs);
    return this.#burst;
  }

  #line(report: RequestReport): string {
    const columns = this.#options.columns();
    const isNarrow = columns !== undefined && columns < NARROW;
    const who = report.viewer === undefined ? '' : `${this.#options.mark(report.viewer)} `;
    const method = report.kind === 'websocket' ? 'WS' : visibleText(report.method);
    const status = report.status ?? '---';
    const what = `${method.padEnd(4)} ${status} ${duration(report).padStart(6)}`;
    const size = formatBytes(report.bytes).padStart(8);
    const way = `${who}${WAYS[report.path]}`.padEnd(9);
    const time = clockTime(this.#options.now());
    const head = isNarrow ? `${what} ` : `${time}  ${what} ${size}  ${way} `;
    const note = noteOf(report, columns === undefined || columns >= WIDE);
    const room =
      columns === undefined ? Infinity : columns - INDENT - head.length - note.length - 1;
    return head + shorten(visibleText(pageOf(report)), Math.max(room, 8)) + note;
  }
}

/** Of the lines that are told, before them. */
const INDENT = 2;
/** Below this width there is room for what was asked and answered, and no more. */
const NARROW = 60;
/** From this width on there is room for an id too. */
const WIDE = 110;
const WAYS = {
  p2p: 'direct',
  turn: 'turn',
  relay: 'relay',
  offline: 'away',
  ingress: 'http',
} as const;

function fold({ folded }: Burst, { status, state, bytes }: RequestReport): void {
  folded.count++;
  folded.bytes += bytes;
  const name = String(status ?? state);
  folded.statuses.set(name, (folded.statuses.get(name) ?? 0) + 1);
}

function foldedText({ folded: { count, bytes, statuses } }: Burst, seconds: number): string {
  const each = [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ');
  return `${count} more: ${each}; ${formatBytes(bytes)} in ${seconds.toFixed(1)} s`;
}

function duration({ ms, state }: RequestReport): string {
  if (state === 'open') return 'opens';
  return ms < 9_999.5 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}

function pageOf({ page, port }: RequestReport): string {
  return port === 0 ? page : `:${port}${page}`;
}

/** Of what has failed, with the id by which the app's log and the reviewer's page have it. */
function noteOf({ id, state, code }: RequestReport, isWide: boolean): string {
  const note = state === 'broken-off' ? 'broken off' : state === 'refused' ? code : undefined;
  if (note === undefined) return '';
  return isWide ? ` (${note}, ${id})` : ` (${note})`;
}

/** The end of a path says more than its beginning. */
function shorten(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(1 - room)}`;
}
