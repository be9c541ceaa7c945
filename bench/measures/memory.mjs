// Memory of the host and of the tunnel server through the first transfer of 1 GiB, in processes that have just started.
import { Comparison } from '../lib/comparison.mjs';
import { download } from '../lib/in-page.mjs';

const MIB = 1024 * 1024;
const BUDGET_MIB = 48;
/** What the page's own opening leaves under way has ended by then. */
const CALM_MS = 2_000;
const OURS = ['direct', 'relayed'];

const grown = ({ startMib, peakMib }) => peakMib - startMib;

export const memory = new Comparison({
  settings: 'loopback',
  peers: OURS,
  fresh: true,
  figures: {
    host: { unit: 'MiB over idle', digits: 1 },
    'tunnel server': { unit: 'MiB over idle', digits: 1 },
    rate: { unit: 'MiB/s', digits: 1 },
  },
  targets: ['host', 'tunnel server'].map((figure) => ({
    ...{ figure, peers: OURS, atMost: BUDGET_MIB },
  })),
  async sample(visit) {
    const frame = await visit.open();
    const { memoryMib } = visit.sizes;
    await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    const milliseconds = await visit.watch('transfer', () =>
      frame.evaluate(download, memoryMib * MIB),
    );
    const { host, 'tunnel server': server } = visit.usage.transfer.parts;
    return {
      ...{ host: grown(host), 'tunnel server': grown(server) },
      rate: memoryMib / (milliseconds / 1000),
    };
  },
});
