import { parseArgs } from 'node:util';

const PARTS = ['pings', 'idle', 'relays', 'storm', 'splice', 'copies'];

export const HELP = `npm run capacity -- [options]

What one node carries, and three on a Redis (Debian's redis-server): idle sessions with viewers, busy relays, all hosts at once
after a restart; and beside them a bare server of ws that is pinged as often, and the relay's splice beside a bare one. Ends by itself.

  --sessions N   idle sessions (10000)
  --viewers N    viewers among them (1000)
  --relays N     relays that carry what they can (200)
  --seconds N    how long each figure is measured (30); idle sessions for whole rounds of their pings (45 s)
  --rounds N     how often the splice is held against the bare one (5)
  --nodes LIST   1, 3, or 1,3 (1,3)
  --only LIST    of ${PARTS.join(', ')}`;

/** A run ends within this; each of its parts has a deadline of its own. */
export const RUN_MS = 30 * 60_000;

function count(given, name) {
  const value = Number(given[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name}: ${given[name]} is no number from 1 on`);
}

function chosen(text, known, name) {
  const all = text.split(',').map((each) => each.trim());
  const unknown = all.filter((each) => !known.includes(each));
  if (unknown.length > 0) throw new Error(`--${name}: no ${unknown.join(', ')}\n${HELP}`);
  return all;
}

/** Reads the command line; undefined when help was asked for. */
export function parseOptions(args) {
  const text = (value) => ({ type: 'string', default: value });
  const { values } = parseArgs({
    args,
    options: {
      ...{ sessions: text('10000'), viewers: text('1000'), relays: text('200') },
      ...{ seconds: text('30'), rounds: text('5'), nodes: text('1,3') },
      only: text(PARTS.join(',')),
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const numbers = ['sessions', 'viewers', 'relays', 'seconds', 'rounds'];
  return {
    ...Object.fromEntries(numbers.map((name) => [name, count(values, name)])),
    nodes: chosen(values.nodes, ['1', '3'], 'nodes').map(Number),
    parts: chosen(values.only, PARTS, 'only'),
  };
}
