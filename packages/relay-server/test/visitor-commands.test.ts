import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { jsonReporter } from '../src/cli/reporter.js';
import { obeyVisitorCommands } from '../src/cli/visitor-commands.js';
import { Entrance } from '../src/entry/entrance.js';
import { until } from './support/until.js';

/** Three visitors who wait, and what is written about them. */
function waiting() {
  const entrance = new Entrance({ asksDeveloper: true });
  for (const id of ['ann', 'ben', 'cleo']) entrance.visit(id, 'curl/8');
  const input = new PassThrough();
  let shown = '';
  obeyVisitorCommands(
    input,
    entrance,
    jsonReporter((text) => (shown += text)),
  );
  const standings = (): string => entrance.visitors.map(({ standing }) => standing).join(' ');
  return { input, standings, shown: () => shown };
}

describe('what is typed about visitors', () => {
  test.each([
    ['a', 'admitted waiting waiting'],
    ['a 2', 'waiting admitted waiting'],
    ['a3', 'waiting waiting admitted'],
    ['r', 'refused waiting waiting'],
    ['r 2\nr 2', 'waiting refused waiting'],
    ['a 1\nr 1', 'refused waiting waiting'],
    ['r 1\na 1', 'admitted waiting waiting'],
    ['a\r\na\r\na', 'admitted admitted admitted'],
  ])('%j: %s', async (lines, expected) => {
    const { input, standings } = waiting();
    input.write(`${lines}\n`);
    await until(() => standings() === expected, `${lines} is obeyed`);
    input.end();
  });

  test.each(['v', 'a 9', 'r 0', 'accept', 'a 1 2', 'r; a', '', 'A 1'])(
    '%j lists all, and changes nothing',
    async (line) => {
      const { input, standings, shown } = waiting();
      input.write(`${line}\n`);
      await until(() => shown() !== '', 'the list is shown');
      expect(JSON.parse(shown())).toEqual({
        event: 'visitors',
        visitors: [1, 2, 3].map((number) => ({ number, browser: 'curl/8', standing: 'waiting' })),
        tries: { right: 0, wrong: 0, limited: 0 },
      });
      expect(standings()).toBe('waiting waiting waiting');
      input.end();
    },
  );
});
