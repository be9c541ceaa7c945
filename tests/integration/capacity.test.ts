import { expect, test } from '@jest/globals';
import { parseOptions } from '../../bench/capacity/options.mjs';
import { Program, ROOT } from '../support/program.js';

const SMALL =
  '--sessions 12 --viewers 4 --relays 2 --seconds 1 --nodes 1 --only pings,idle,relays,storm,copies';

test('a small run of the capacity measures each figure, drops none of its sessions, and ends by itself', async () => {
  const run = new Program(process.execPath, [`${ROOT}bench/capacity/run.mjs`, ...SMALL.split(' ')]);
  // Whether targets are met says nothing of so few sessions on a busy machine.
  expect([0, 1]).toContain(await run.exited);
  const told = run.lines.join('\n');
  expect(told).toMatch(/^memory of an idle session, 1 node: -?[\d.]+ KB/m);
  expect(told).toMatch(/^CPU of 12 idle sessions, 1 node: [\d.]+ %/m);
  expect(told).toMatch(/^CPU of as many connections \(24\) at a bare server of ws: [\d.]+ %/m);
  expect(told).toMatch(/^4 idle viewers beside them, 1 node: /m);
  expect(told).toMatch(/^2 busy relays, 1 node: (?!0\.0 )[\d.]+ MiB\/s in all/m);
  expect(told).toMatch(/^12 hosts after a restart of 1 node: half are back after /m);
  // Received once and sent once, and what the pieces of messages cost.
  expect(told).toMatch(/^copies of a relayed byte, 1 node: [23]\.\d\d: /m);
  const dropped = run.lines.filter((line) => line.startsWith('dropped: '));
  expect(dropped.slice(0, -1).filter((line) => !line.includes('the machine was'))).toEqual([]);
}, 120_000);

test('its options are numbers from 1 on, and known names', () => {
  expect(parseOptions([])).toMatchObject({ sessions: 10_000, relays: 200, nodes: [1, 3] });
  expect(parseOptions(['--nodes', '3', '--only', 'idle'])).toMatchObject({
    ...{ nodes: [3], parts: ['idle'] },
  });
  expect(() => parseOptions(['--sessions', '0'])).toThrow('--sessions: 0 is no number');
  expect(() => parseOptions(['--nodes', '2'])).toThrow('--nodes: no 2');
  expect(() => parseOptions(['--only', 'idle,speed'])).toThrow('--only: no speed');
});
