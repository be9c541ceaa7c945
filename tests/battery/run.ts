import { KNOWN, type Setting } from './known.js';
import type { Outcome } from './section.js';
import { SECTIONS } from './sections.js';

/** Runs a section's source in a page, by `runSection`. */
export type Ask = (source: string) => Promise<Outcome>;

/** Runs sections, all unless named, in one page of the app at a port. The page's own address is left out of what they give. */
export async function runAll(
  ask: Ask,
  origin: string,
  port: number,
  names = Object.keys(SECTIONS),
): Promise<Outcome> {
  const outcome: Outcome = {};
  for (const name of names) {
    for (const [assertion, value] of Object.entries(await ask(String(SECTIONS[name])))) {
      const plain = [origin, `http://localhost:${port}`].reduce(
        (text, own) => text.replaceAll(own, 'ORIGIN').replaceAll(new URL(own).host, 'HOST'),
        value,
      );
      outcome[`${name}: ${assertion}`] = plain;
    }
  }
  return outcome;
}

/** What a session gives otherwise than localhost does in this setting, without what is known. */
export function news(setting: Setting, local: Outcome, shared: Outcome): string[] {
  const known = knownIn(setting);
  const isKnown = (key: string): boolean => known.includes(key) || known.includes(sectionOf(key));
  return differences(local, shared)
    .filter((key) => !isKnown(key))
    .map((key) => `${key}: ${local[key]} is ${shared[key]}`);
}

/** What is named as a difference in this setting, and is none in any of these sessions. */
export function outdated(setting: Setting, local: Outcome, shared: readonly Outcome[]): string[] {
  const found = shared.flatMap((outcome) => differences(local, outcome));
  const names = new Set(found.flatMap((key) => [key, sectionOf(key)]));
  return knownIn(setting).filter((name) => !names.has(name));
}

function knownIn(setting: Setting): string[] {
  return Object.keys(KNOWN).filter((name) => KNOWN[name]?.on.includes(setting) === true);
}

function differences(local: Outcome, shared: Outcome): string[] {
  const keys = new Set([...Object.keys(local), ...Object.keys(shared)]);
  return [...keys].filter((key) => shared[key] !== local[key]);
}

function sectionOf(assertion: string): string {
  return assertion.replace(/: .*/, '');
}
