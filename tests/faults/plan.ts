import { kindOf, type KindName } from './kinds.js';
import { seeded } from './random.js';

export interface PlannedFault {
  kind: KindName;
  lastsMs: number;
}

/** Which faults come, and for how long: every kind once in a random order, then by weight. */
export function planFaults(
  kinds: readonly KindName[],
  count: number,
  seed: number,
): PlannedFault[] {
  const random = seeded(seed);
  const once = shuffled(kinds, random);
  return Array.from({ length: count }, (_, index) => {
    const kind = once[index] ?? byWeight(kinds, random);
    const [least, most] = kindOf(kind).lastsMs;
    return { kind, lastsMs: Math.round(least + random() * (most - least)) };
  });
}

function shuffled(kinds: readonly KindName[], random: () => number): KindName[] {
  return kinds
    .map((kind) => ({ kind, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ kind }) => kind);
}

function byWeight(kinds: readonly KindName[], random: () => number): KindName {
  const total = kinds.reduce((sum, kind) => sum + kindOf(kind).weight, 0);
  let left = random() * total;
  for (const kind of kinds) {
    left -= kindOf(kind).weight;
    if (left < 0) return kind;
  }
  throw new Error('no kind of fault to choose from');
}
