import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Entrance } from '../entry/entrance.js';
import type { Reporter } from './reporter.js';

/** A letter, and the number of a visitor. */
const COMMAND = /^([arv])\s*(\d{1,9})?$/;

/**
 * Obeys what a developer types, or a program writes, a line each: `a 3` lets visitor 3 in, `r 3` refuses or removes
 * visitor 3, and `v` lists all. Without a number it is the visitor who has waited longest.
 */
export function obeyVisitorCommands(input: Readable, entrance: Entrance, reporter: Reporter): void {
  createInterface({ input }).on('line', (line) => {
    if (!obey(line, entrance)) reporter.visitors(entrance.visitors, entrance.tries);
  });
}

/** Obeys one command; false when there was nothing to do: a list of the visitors then says why. */
export function obey(line: string, entrance: Entrance): boolean {
  const [, verb, digits] = COMMAND.exec(line.trim()) ?? [];
  const number = digits === undefined ? entrance.waiting[0]?.number : Number(digits);
  if (number === undefined) return false;
  if (verb === 'a') return entrance.accept(number);
  return verb === 'r' && entrance.refuse(number);
}
