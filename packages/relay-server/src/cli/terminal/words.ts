import { stripVTControlCharacters } from 'node:util';
import type { ExchangePath } from '@wingman/protocol';

/** The time of day, `14:03:07`. */
export function clockTime(date: Date): string {
  return date.toTimeString().slice(0, 8);
}

const PATHS: Readonly<Record<ExchangePath, string>> = {
  p2p: 'direct',
  turn: 'by TURN',
  relay: 'over the relay',
  offline: 'offline',
  ingress: 'plain HTTP',
};

/** What carries a viewer's traffic. */
export function pathName(path: ExchangePath): string {
  return PATHS[path];
}

/** The first characters of a link's id, where a viewer has no number yet. */
export function shortId(viewer: string): string {
  return viewer.slice(0, 6);
}

/** A number and its noun. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * Breaks a text between its words where the screen's edge would break it anywhere. Further lines begin in the column
 * `indent`. A word that is longer than a line stays whole, so that it can be copied. A terminal that doesn't know its width says 0.
 */
export function wrapWords(text: string, columns = Infinity, indent = 2): string {
  if (columns === 0) return text;
  let width = 0;
  const parts = text.split(/( +)/).map((part) => {
    const { length } = stripVTControlCharacters(part);
    const isFirst = width === 0;
    width += length;
    if (isFirst || width <= columns || part.trim() === '') return part;
    width = indent + length;
    return `\n${' '.repeat(indent)}${part}`;
  });
  return parts.join('').replace(/ +\n/g, '\n');
}
