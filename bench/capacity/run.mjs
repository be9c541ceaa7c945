// `npm run capacity`: what one node carries, and three.
import { busyRelays } from './relays.mjs';
import { copies } from './copies.mjs';
import { withSessions } from './crowded.mjs';
import { idle } from './idle.mjs';
import { HELP, parseOptions, RUN_MS } from './options.mjs';
import { conclude, drop } from './report.mjs';
import { pings } from './pings.mjs';
import { splice } from './splice.mjs';
import { storm } from './storm.mjs';

/** Parts that need the sessions, in the order in which they disturb each other least. */
const CROWDED = { idle, relays: busyRelays, storm };
const ALONE = { splice, copies, pings };

/** A part that fails leaves the others alone. */
async function part(name, work) {
  console.error(`▸ ${name}`);
  try {
    await work();
  } catch (error) {
    drop(`${name}: ${String(error)}`);
  }
}

async function run(options) {
  const chosen = (table) => options.parts.filter((name) => Object.hasOwn(table, name));
  for (const name of chosen(ALONE)) await part(name, () => ALONE[name](options));
  const crowded = chosen(CROWDED);
  for (const count of crowded.length === 0 ? [] : options.nodes) {
    await part(`${options.sessions} sessions, nodes: ${count}`, () =>
      withSessions(count, options, async (crowd) => {
        for (const name of crowded) await part(name, () => CROWDED[name](crowd, options));
      }),
    );
  }
  return conclude() === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

function late() {
  drop(`everything that was left after ${RUN_MS / 60_000} minutes`);
  conclude();
  process.exit(1);
}

const options = parseOptions(process.argv.slice(2));
if (options === undefined) console.log(HELP);
else {
  const timer = setTimeout(late, RUN_MS);
  process.exitCode = await run(options).finally(() => clearTimeout(timer));
}
