import { expect, test } from '@jest/globals';
import { Program, ROOT, within } from '../support/program.js';

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
/** Usually two minutes; a busy machine is given time for slow recoveries, each of which has its own bound. */
const CAMPAIGN_MS = 420_000;
const STOP_MS = 60_000;

test(
  'an app in use notices no fault of networks and processes',
  async () => {
    const campaign = new Program(process.execPath, [
      `${ROOT}tests/faults/run.mjs`,
      ...['--kinds', KINDS.join(','), '--faults', String(KINDS.length)],
      ...['--size', '4', '--seed', String(SEED)],
    ]);
    const code = await within(CAMPAIGN_MS, 'the campaign', campaign.exited).catch(
      async (error: unknown) => {
        // It takes its lab down with it, which a test that only ends would leave behind.
        campaign.signal('SIGINT');
        await within(STOP_MS, 'its end', campaign.exited).catch(() => undefined);
        throw new Error(`${String(error)}\n${campaign.output()}`);
      },
    );
    const violations = campaign.lines.filter((line) => line.startsWith('VIOLATED'));
    const output = code === 0 ? '' : campaign.output();
    expect({ code, violations, output }).toEqual({ code: 0, violations: [], output: '' });
    expect(campaign.lines).toContain(`faults fired: ${KINDS.length} of ${KINDS.length}`);
  },
  CAMPAIGN_MS + 2 * STOP_MS,
);
