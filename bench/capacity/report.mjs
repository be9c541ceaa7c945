// Progress goes to stderr, figures to stdout, each with its target if it has one.
const missed = [];
const dropped = [];

export const progress = (text) => console.error(`  ${text}`);

/** Prints a figure; `isMet` is left out for one without a target. */
export function figure(what, value, target, isMet) {
  const verdict = target === undefined ? '' : ` (target ${target}: ${isMet ? 'met' : 'missed'})`;
  if (target !== undefined && !isMet) missed.push(what);
  console.log(`${what}: ${value}${verdict}`);
}

/** What was asked for and not done, or was the machine's doing. */
export function drop(what) {
  dropped.push(what);
  console.log(`dropped: ${what}`);
}

export function conclude() {
  const last = (list) => (list.length === 0 ? 'nothing' : list.join('; '));
  console.log(`missed: ${last(missed)}`);
  console.log(`dropped: ${last(dropped)}`);
  return missed.length;
}

export const fixed = (number, digits = 1) => number.toFixed(digits);
