// Requests of 1 KiB one after another, with nothing else under way, and while a download or uploads take what they can.
import { Comparison } from '../lib/comparison.mjs';
import { requestTimes } from '../lib/in-page.mjs';
import { quantile } from '../lib/stats.mjs';

const OURS = ['direct', 'relayed'];
const time = { unit: 'ms', digits: 1 };
const SPARE_MS = 25;

/** The quantiles of what is asked while a kind of bulk is under way, and the rate at which that went. */
async function asked(visit, frame, bulk, label) {
  const { requests } = visit.sizes;
  // While bulk is under way, what was taken is the bulk's.
  const counted = bulk === undefined ? requests : undefined;
  const ask = () => frame.evaluate(requestTimes, requests, bulk);
  const { times, mibPerSecond } = await visit.watch(label, ask, counted);
  const of = (name) => `${label} ${name}`;
  const rate = bulk === undefined ? {} : { [of('rate')]: mibPerSecond };
  return { [of('p50')]: quantile(times, 0.5), [of('p99')]: quantile(times, 0.99), ...rate };
}

const isApart = ({ links }) => links !== undefined;

export const requests = new Comparison({
  settings: 'loopback,S',
  peers: ['localhost', 'tcp', 'ssh', 'caddy', 'localtunnel', ...OURS],
  figures: {
    'idle p50': { ...time, against: 'tcp' },
    'idle p99': time,
    'download p50': time,
    'download p99': time,
    'download rate': { unit: 'MiB/s', digits: 1 },
    'upload p50': time,
    'upload p99': time,
    'upload rate': { unit: 'MiB/s', digits: 1 },
  },
  targets: ['download p99', 'upload p99'].map((figure) => ({
    ...{ figure, peers: OURS, way: 'difference', atMost: SPARE_MS, holdsIn: isApart },
    base: { figure: 'idle p99' },
  })),
  async sample(visit) {
    const frame = await visit.open();
    return {
      ...(await asked(visit, frame, undefined, 'idle')),
      ...(await asked(visit, frame, 'down', 'download')),
      ...(await asked(visit, frame, 'up', 'upload')),
    };
  },
});
