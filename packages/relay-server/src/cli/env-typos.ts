import { tunnelServerVariables } from '@wingman/tunnel-server';
import { dotenv, hostVariables } from '../config.js';

/** What to say of names in `.env` that are one slip away from a setting. Other names may be the app's own. */
export function envTypos(names: readonly string[] = Object.keys(dotenv())): string[] {
  const known = [...hostVariables, ...tunnelServerVariables].map(({ name }) => name);
  return names.flatMap((name) => {
    if (known.includes(name)) return [];
    const meant = known.find((other) => isOneSlip(name, other) && !names.includes(other));
    return meant === undefined ? [] : [`${name} in .env is no setting. Is ${meant} meant?`];
  });
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
