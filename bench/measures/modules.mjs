// 1,000 modules that import each other seven levels deep, loaded the first time and again, once the tab and its path are up.
import { Comparison } from '../lib/comparison.mjs';
import { loadModules, reloadModules } from '../lib/in-page.mjs';

const OURS = ['direct', 'relayed'];

export const modules = new Comparison({
  settings: 'S,round-trips',
  peers: ['localhost', 'tcp', 'caddy', 'ssh', 'localtunnel', ...OURS],
  figures: {
    cold: { unit: 'ms', digits: 0, against: 'localhost' },
    reload: { unit: 'ms', digits: 0, against: 'localhost' },
  },
  targets: [
    {
      figure: 'cold',
      peers: OURS,
      base: { peer: 'localhost' },
      atMost: 0.9,
      holdsIn: ({ name }) => name === 'S',
    },
    {
      figure: 'reload',
      peers: OURS,
      base: { peer: 'localhost' },
      atMost: 1,
      holdsIn: ({ name }) => name === 'S',
    },
    { figure: 'cold', peers: OURS, base: { peer: 'caddy' }, atMost: 1 },
  ],
  async sample(visit) {
    const frame = await visit.open();
    const { modules: count } = visit.sizes;
    const cold = await visit.watch('cold', () => frame.evaluate(loadModules, count), count);
    const reload = await visit.watch('reload', () => frame.evaluate(reloadModules, count), count);
    return { cold, reload };
  },
});
