// `npm run bench [-- --runs N --minutes N --only NAME]`: measures the tunnel against its physical limit, and prints every figure with its target.
import { parseArgs } from 'node:util';
import { eventLateness } from './event-lateness.mjs';
import { firstByte } from './first-byte.mjs';
import { hostileClients } from './hostile-clients.mjs';
import { idleLinks } from './idle-links.mjs';
import { p2pSetup } from './p2p-setup.mjs';
import { rawAgainstTunnel } from './raw-against-tunnel.mjs';
import { shimHooks } from './shim-hooks.mjs';

const BENCHES = {
  raw: rawAgainstTunnel,
  'first-byte': firstByte,
  p2p: p2pSetup,
  events: eventLateness,
  idle: idleLinks,
  hostile: hostileClients,
  hooks: shimHooks,
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const runs = Number(values.runs);
const names = values.only === undefined ? Object.keys(BENCHES) : [values.only];
const rows = [];
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined)
    throw new Error(`unknown bench ${name}: ${Object.keys(BENCHES).join(', ')}`);
  console.error(`▸ ${name}, ${runs} runs`);
  try {
    rows.push(...(await bench(runs, Number(values.minutes))));
  } catch (error) {
    rows.push({
      figure: name,
      value: 'not measured',
      target: '',
      met: false,
      detail: String(error),
    });
  }
}
for (const { figure, value, target, met, detail } of rows) {
  console.log(`${met ? 'met ' : 'MISSED'}  ${figure}: ${value} (target ${target}) — ${detail}`);
}
