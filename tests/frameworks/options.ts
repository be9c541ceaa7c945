import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Framework } from './framework.js';
import { VIEWERS, type ViewerName } from './viewer.js';

export interface Options {
  readonly rows: readonly Framework[];
  readonly browsers: readonly ViewerName[];
  /** Folder whose apps are kept and used again. */
  readonly cache: string;
  /** Makes the apps anew that are in the cache. */
  readonly isFresh: boolean;
}

const CACHE = join(tmpdir(), 'wingman-frameworks');

export const help = (matrix: readonly Framework[]): string => `npm run test:frameworks -- [options]

Makes an app with each framework from the registry, starts its dev server as its documentation says,
shares it with the real wingman, and compares it in a real browser with localhost: rendering, console
errors, hot updates and component state, on the direct path and over the relay.
Prints a table; the exit code is 1 when a row fails.

  --only A,B      only these rows (see below)
  --browser B     chromium, firefox or both (the default); webkit, over the relay through the server;
                  chromium-plain or firefox-plain, by plain HTTP and without our page
  --fresh         make the apps anew; otherwise those of an earlier run are used again
  --cache FOLDER  where the apps are kept (default: ${CACHE})
  --help

Rows: ${matrix.map(({ name }) => name).join(', ')}
`;

/** Reads the command line; undefined when help was asked for. Throws on what it does not know. */
export function parseOptions(
  args: readonly string[],
  matrix: readonly Framework[],
): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      browser: { type: 'string', default: 'both' },
      fresh: { type: 'boolean', default: false },
      cache: { type: 'string', default: CACHE },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    rows: values.only?.split(',').map((name) => rowNamed(name, matrix)) ?? matrix,
    browsers: browsersOf(values.browser),
    cache: values.cache,
    isFresh: values.fresh,
  };
}

function rowNamed(name: string, matrix: readonly Framework[]): Framework {
  const row = matrix.find((framework) => framework.name === name);
  if (row !== undefined) return row;
  const known = matrix.map((framework) => framework.name).join(', ');
  throw new Error(`--only knows no “${name}”; it knows ${known}`);
}

function browsersOf(name: string): readonly ViewerName[] {
  if (name === 'both') return ['chromium', 'firefox'];
  const viewers = Object.keys(VIEWERS) as ViewerName[];
  const found = viewers.filter((viewer) => viewer === name);
  if (found.length > 0) return found;
  throw new Error(`--browser knows no “${name}”; it knows both, ${viewers.join(', ')}`);
}
