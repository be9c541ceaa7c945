// The direct path beside its limit, a bare data channel with no protocol of ours between the same two places.
import { Comparison } from '../lib/comparison.mjs';
import * as inPage from '../lib/in-page.mjs';
import { rawPage } from '../lib/raw-page.mjs';
import { quantile } from '../lib/stats.mjs';

const MIB = 1024 * 1024;

const isLoopback = ({ name }) => name === 'loopback';

/** The same three figures, by the functions that carry them out in a page. */
async function figuresOf(visit, page, { ask, down, up }) {
  const { requests, rawMib } = visit.sizes;
  const rate = (milliseconds) => rawMib / (milliseconds / 1000);
  // The first transfer, and the first requests, warm both up.
  await page.evaluate(down, rawMib * MIB);
  await page.evaluate(ask, requests);
  return {
    down: rate(await visit.watch('down', () => page.evaluate(down, rawMib * MIB))),
    up: rate(await visit.watch('up', () => page.evaluate(up, rawMib * MIB))),
    'request p50': quantile(await visit.watch('requests', () => page.evaluate(ask, requests)), 0.5),
  };
}

async function sampleRaw(visit) {
  const raw = await rawPage(visit);
  try {
    const { rawRequests: ask, rawDownload: down, rawUpload: up } = inPage;
    return await figuresOf(visit, raw.page, { ask, down, up });
  } finally {
    await raw.stop();
  }
}

async function sampleDirect(visit) {
  const { requestsOneByOne: ask, download: down, upload: up } = inPage;
  return figuresOf(visit, await visit.open(), { ask, down, up });
}

async function sampleBareWorker(visit) {
  const frame = await visit.open();
  await frame.evaluate(inPage.becomeControlled);
  const { requestsOneByOne: ask } = inPage;
  await frame.evaluate(ask, visit.sizes.requests);
  const times = await visit.watch('requests', () => frame.evaluate(ask, visit.sizes.requests));
  return { 'request p50': quantile(times, 0.5) };
}

const SAMPLES = { raw: sampleRaw, direct: sampleDirect, 'bare worker': sampleBareWorker };

export const raw = new Comparison({
  settings: 'loopback,S',
  peers: Object.keys(SAMPLES),
  figures: {
    down: { unit: 'MiB/s', digits: 1, against: 'raw' },
    up: { unit: 'MiB/s', digits: 1, against: 'raw' },
    'request p50': { unit: 'ms', digits: 2 },
  },
  targets: [
    {
      figure: 'down',
      peers: ['direct'],
      base: { peer: 'raw' },
      atLeast: 0.95,
      holdsIn: isLoopback,
    },
    { figure: 'up', peers: ['direct'], base: { peer: 'raw' }, atLeast: 0.95, holdsIn: isLoopback },
    ...[
      { atMost: 2.5, holdsIn: isLoopback },
      { atMost: 4, holdsIn: ({ name }) => name === 'S' },
    ].map((limit) => ({
      ...{ figure: 'request p50', peers: ['direct'], way: 'difference', ...limit },
      base: { peer: 'raw' },
    })),
  ],
  sample: (visit) => SAMPLES[visit.peer.name](visit),
});
