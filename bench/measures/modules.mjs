// Modules that import each other, loaded the first time and again, once the tab and its path are up: 1,000 of them seven levels
// deep, and 201 twenty levels deep.
import { Comparison } from '../lib/comparison.mjs';
import { loadModules, reloadModules } from '../lib/in-page.mjs';

const OURS = ['direct', 'relayed'];
const PEERS = ['localhost', 'tcp', 'caddy', 'ssh', 'localtunnel', ...OURS];
const FIGURES = {
  cold: { unit: 'ms', digits: 0, against: 'localhost' },
  reload: { unit: 'ms', digits: 0, against: 'localhost' },
};

export const modules = new Comparison({
  settings: 'S,round-trips',
  peers: PEERS,
  figures: FIGURES,
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
  sample: (visit) => loadTwice(visit, visit.sizes.modules, ''),
});

export const deep = new Comparison({
  settings: 'S,round-trips',
  peers: PEERS,
  figures: FIGURES,
  targets: ['cold', 'reload'].map((figure) => ({
    ...{ figure, peers: OURS, base: { peer: 'caddy' }, atMost: 1 },
  })),
  sample: (visit) => loadTwice(visit, visit.sizes.deepModules, '&deep'),
});

async function loadTwice(visit, count, shape) {
  const frame = await visit.open();
  const load = () => frame.evaluate(loadModules, count, shape);
  const cold = await visit.watch('cold', load, count);
  const reload = await visit.watch('reload', () => frame.evaluate(reloadModules, count), count);
  return { cold, reload };
}
