import { parseArgs } from 'node:util';

export const HELP = `npm run soak -- [--minutes N]

Two nodes on a Redis behind Caddy, hosts and viewers over the relay, for N minutes (default 10). One node is killed again and again,
some hosts are stopped and started, and viewers come and go. Prints the slopes of what the processes hold that live all the time,
and fails when something grows, or when a byte or a request was lost or repeated.
`;

/** The first part, which is left out: caches fill, code is compiled, and sessions leave the node that is killed. */
const WARM_UP = 0.2;
const MINUTE_MS = 60_000;
/** About so many samples, but not so often that sampling is most of the work. */
const SAMPLES = 120;
const [SHORTEST_MS, LONGEST_MS] = [2_000, 60_000];

export interface Options {
  readonly lastsMs: number;
  readonly warmUpMs: number;
  readonly sampleMs: number;
}

/** Reads the command line; undefined when help was asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string', default: '10' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return undefined;
  const lastsMs = Number(values.minutes) * MINUTE_MS;
  if (!(lastsMs >= MINUTE_MS)) throw new Error('--minutes takes a number from 1 on');
  const sampleMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, lastsMs / SAMPLES));
  return { lastsMs, warmUpMs: lastsMs * WARM_UP, sampleMs };
}
