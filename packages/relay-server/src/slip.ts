/** What somebody has most likely meant of what is known; undefined when it is more than one slip away from all of it. */
export function meantBy(typed: string, known: readonly string[]): string | undefined {
  return known.find((other) => isOneSlip(typed, other));
}

/** Whether one character is missing, too many or another, or two neighbours have changed places. */
function isOneSlip(one: string, other: string): boolean {
  let start = 0;
  while (start < one.length && one[start] === other[start]) start++;
  let end = 0;
  const most = Math.min(one.length, other.length) - start;
  while (end < most && one.at(-1 - end) === other.at(-1 - end)) end++;
  const [left, right] = [one, other].map((text) => text.slice(start, text.length - end));
  if (left === undefined || right === undefined) return false;
  const isSwap = left.length === 2 && right === [...left].reverse().join('');
  return isSwap || (left.length <= 1 && right.length <= 1);
}
