import { expect, test } from '@jest/globals';
import { formatTable, judge, type Line } from '../frameworks/table.js';
import type { Behaviour } from '../frameworks/trial.js';

const update = (isHot: boolean, keepsState?: boolean): Behaviour['updates'][number] => ({
  what: 'page',
  isHot,
  keepsState,
});

const verdict = (localhost: Partial<Behaviour>, tunnel: Partial<Behaviour>): string[] => {
  const none = { errors: [], updates: [], seen: new Map<string, string>() };
  const tunnelled = new Map([['relay' as const, { ...none, ...tunnel }]]);
  return [...judge({ localhost: { ...none, ...localhost }, tunnelled }).faults];
};

test('what localhost does as well is no fault of the tunnel', () => {
  const same = { errors: ['no icon'], updates: [update(false, false)] };
  expect(verdict(same, same)).toEqual([]);
  expect(verdict(same, { updates: [update(true, true)] })).toEqual([]);
});

test('an error, a reload or a lost state that localhost does not have is one', () => {
  expect(verdict({ errors: ['no icon'] }, { errors: ['no icon', 'no socket'] })).toEqual([
    'relay, console: no socket',
  ]);
  const good = { updates: [update(true, true)] };
  expect(verdict(good, { updates: [update(false, true)] })).toHaveLength(1);
  expect(verdict(good, { updates: [update(true, false)] })).toHaveLength(1);
  expect(verdict(good, { updates: [] })).toHaveLength(1);
});

test('so is what a check sees otherwise than on localhost', () => {
  const seen = (text: string): Partial<Behaviour> => ({ seen: new Map([['upload', text]]) });
  expect(verdict(seen('"100 %"'), seen('"100 %"'))).toEqual([]);
  expect(verdict(seen('"100 %"'), seen('"0 %"'))).toEqual([
    'relay, upload: "0 %" instead of "100 %"',
  ]);
  expect(verdict(seen('"100 %"'), {})).toHaveLength(1);
});

test('the table is Markdown', () => {
  const cells = { renders: 'yes', console: 'none', 'hot update': 'yes', state: 'kept' };
  const line: Line = {
    ...cells,
    ...{ row: 'Vite', versions: 'vite 8', browser: 'chromium', path: 'p2p', notes: '' },
  };
  const [head, rule, row] = formatTable([line]).split('\n');
  expect(head).toMatch(/^\| row +\| versions +\|/);
  expect(rule).toMatch(/^\|( -+ \|)+$/);
  expect(row).toMatch(/^\| Vite \| vite 8 +\| chromium \| yes +\| none +\| yes +\| kept +\|/);
});
