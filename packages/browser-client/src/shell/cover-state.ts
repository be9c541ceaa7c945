import type { ProblemCode } from '@wingman/protocol';

/** The steps to the app, in their order. */
export const STEPS = ['browser', 'host', 'app'] as const;
export type Step = (typeof STEPS)[number];

/** What covers the frame: nothing yet, progress, a problem, that the tab's URL is a file, or nothing any more. */
export type Cover =
  | { kind: 'blank' }
  | { kind: 'progress' }
  | { kind: 'problem'; code: ProblemCode }
  | { kind: 'file'; isSaved: boolean }
  | { kind: 'none' };

/** Everything the cover depends on. */
export interface Journey {
  done: ReadonlySet<Step>;
  problem: ProblemCode | null;
  /** The time has come to show progress. */
  isLate: boolean;
  /** What the tab was opened for is a file, which has no page to show. */
  file: 'coming' | 'saved' | null;
}

/** The start of it. */
export function newJourney(): Journey & { readonly done: Set<Step> } {
  return { done: new Set(), problem: null, isLate: false, file: null };
}

/** Problems that end a running app too; all others are the pill's to tell, once the app is there. */
const FINAL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'SESSION_ENDED',
  'SESSION_STOPPED',
  'SESSION_EXPIRED',
  'HANDSHAKE_FAILED',
  'TUNNEL_CRASHED',
]);

/** What to show at a point of the journey. */
export function coverFor({ done, file, problem, isLate }: Journey): Cover {
  const isShown = done.has('app');
  if (problem !== null && (!isShown || FINAL.has(problem)))
    return { kind: 'problem', code: problem };
  if (isShown) return { kind: 'none' };
  if (file !== null) return { kind: 'file', isSaved: file === 'saved' };
  return { kind: isLate ? 'progress' : 'blank' };
}
