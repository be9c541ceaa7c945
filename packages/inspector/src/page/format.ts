import type { ExchangeSummary, RecordedPath } from '../api/index.js';

/** A time span for people. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  // Each unit ends where rounding would reach the next one.
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 59_950 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

/** A moment of today, to the millisecond. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const part = (value: number, width = 2): string => String(value).padStart(width, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((value) => part(value));
  return `${clock.join(':')}.${part(date.getMilliseconds(), 3)}`;
}

const PATHS: Readonly<Record<RecordedPath, string>> = {
  p2p: 'direct',
  turn: 'by TURN',
  relay: 'relay',
  offline: 'offline',
  ingress: 'ingress',
  replay: 'replay',
};

export function pathName(path: RecordedPath): string {
  return PATHS[path];
}

/** Whose request it was, as short as the terminal has it: the visitor's number, and the browser without its system. */
export function viewerName({ viewer, visitor }: ExchangeSummary): string {
  if (visitor === undefined) return shortId(viewer);
  return `#${visitor.number} ${visitor.browser.replace(/ on .*$/, '')}`;
}

/** Whose request it was, with all that is known. */
export function wholeViewerName({ viewer, visitor }: ExchangeSummary): string {
  if (visitor === undefined) return shortId(viewer);
  return `#${visitor.number} ${visitor.browser}, tab ${shortId(viewer)}`;
}

/** A link's id as the terminal shows it. */
export function shortId(viewer: string): string {
  return viewer === '' ? '–' : viewer.slice(0, 6);
}
