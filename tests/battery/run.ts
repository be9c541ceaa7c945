import type { Engine } from '../support/browser.js';
import { KNOWN } from './known.js';
import type { Outcome } from './section.js';
import { SECTIONS } from './sections.js';

/** Runs a section's source in a page, by `runSection`. */
export type Ask = (source: string) => Promise<Outcome>;

/** Runs all sections in one page of the app at a port. The page's own address is left out of what they give. */
export async function runAll(ask: Ask, origin: string, port: number): Promise<Outcome> {
  const outcome: Outcome = {};
  for (const [name, section] of Object.entries(SECTIONS)) {
    for (const [assertion, value] of Object.entries(await ask(section.toString()))) {
      const plain = [origin, `http://localhost:${port}`].reduce(
        (text, own) => text.replaceAll(own, 'ORIGIN').replaceAll(new URL(own).host, 'HOST'),
        value,
      );
      outcome[`${name}: ${assertion}`] = plain;
    }
  }
  return outcome;
}

/** What a session gives otherwise than localhost does in this browser, without what is known. */
export function news(engine: Engine, local: Outcome, shared: Outcome): string[] {
  const isKnown = (key: string): boolean => KNOWN[key]?.on.includes(engine) === true;
  const keys = new Set([...Object.keys(local), ...Object.keys(shared)]);
  return [...keys]
    .filter((key) => shared[key] !== local[key] && !isKnown(key))
    .map((key) => `${key}: ${local[key]} is ${shared[key]}`);
}
