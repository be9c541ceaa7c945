import { expect, test } from '@jest/globals';
import { Program, ROOT } from '../support/program.js';

/** One of each; `npm run test:faults` has the hundreds and the other kinds. */
const KINDS = [
  ...['udp-drop', 'udp-lost-to-viewer', 'loss-20', 'relay-cut', 'relay-black-hole', 'both-gone'],
  ...[
    'server-killed',
    'host-stopped',
    'nat-rebinding',
    'viewer-moves',
    'host-moves',
    'switches',
    'worker-killed',
    'tab-frozen',
  ],
];
const SEED = 20_261_121;
const DEADLINE_MS = 240_000;

test(
  'an app in use notices no fault of networks and processes',
  async () => {
    const campaign = new Program(process.execPath, [
      `${ROOT}tests/faults/run.mjs`,
      ...['--kinds', KINDS.join(','), '--faults', String(KINDS.length)],
      ...['--size', '4', '--seed', String(SEED)],
    ]);
    const code = await campaign.exited;
    const violations = campaign.lines.filter((line) => line.startsWith('VIOLATED'));
    expect(violations).toEqual([]);
    expect({ code, output: code === 0 ? '' : campaign.output() }).toEqual({ code: 0, output: '' });
    expect(campaign.lines).toContain(`faults fired: ${KINDS.length} of ${KINDS.length}`);
  },
  DEADLINE_MS,
);
