import { visibleText } from '@wingman/node-kit';
import { createColors } from 'picocolors';
import { CHECKS, type Examined, type Finding } from './checks.js';

const MARKS = { good: '+', note: '·', bad: '!' } as const;

/** Looks at what sharing needs, and tells each finding with what to do; resolves with whether nothing is bad. */
export async function examine(
  examined: Examined,
  write: (text: string) => void,
  color: boolean,
): Promise<boolean> {
  const c = createColors(color);
  const paint = { good: c.green, note: c.dim, bad: c.red };
  const tell = ({ about, grade, says, cure }: Finding): void => {
    write(`  ${paint[grade](MARKS[grade])} ${about.padEnd(10)} ${visibleText(says)}\n`);
    if (cure !== undefined) write(`${' '.repeat(15)}${cure}\n`);
  };
  let isWell = true;
  for (const check of CHECKS) {
    for (const finding of await check(examined)) {
      tell(finding);
      isWell &&= finding.grade !== 'bad';
    }
  }
  return isWell;
}
