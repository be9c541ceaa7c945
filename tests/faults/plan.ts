import { kindOf, type KindName } from './kinds.js';
import { seeded } from './random.js';

export interface PlannedFault {
  kind: KindName;
  lastsMs: number;
}

/** Faults from one control to the next. */
const CONTROL_EVERY = 20;

/** Whether this is no fault but what faults are compared with. */
export const isControl = ({ kind }: Pick<PlannedFault, 'kind'>): boolean =>
  kindOf(kind).isControl === true;

/**
 * Which faults come, and for how long: every kind once in a random order, then by weight.
 * Controls come between them and don't count.
 */
export function planFaults(
  kinds: readonly KindName[],
  count: number,
  seed: number,
): PlannedFault[] {
  const random = seeded(seed);
  const plan = (kind: KindName): PlannedFault => {
    const [least, most] = kindOf(kind).lastsMs;
    return { kind, lastsMs: Math.round(least + random() * (most - least)) };
  };
  const controls = kinds.filter((kind) => isControl({ kind }));
  const faults = kinds.filter((kind) => !isControl({ kind }));
  const once = shuffled(faults, random);
  return Array.from({ length: count }).flatMap((_, index) => {
    const fault = plan(once[index] ?? byWeight(faults, random));
    return index % CONTROL_EVERY === 0 ? [...controls.map(plan), fault] : [fault];
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
