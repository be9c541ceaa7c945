import { parseArgs } from 'node:util';
import type { BrowserName } from '../support/browser.js';
import { KIND_NAMES, kindOf, type KindName } from './kinds.js';

export interface Options {
  faults: number;
  seed: number;
  browser: BrowserName;
  engine: 'auto' | 'node-datachannel' | 'wrtc';
  kinds: KindName[];
  transferBytes: number;
  /** Bytes a second of downloads and of uploads each. */
  rate: number;
  delayMs: number;
  /** Of the tunnel server: 1, or several behind Caddy. */
  nodes: number;
  /** Runs at the carrier seam instead of a campaign; 0: the campaign. */
  seamRuns: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const HELP = `npm run test:faults -- [options]

Injects faults around a real browser, tunnel server and host in network namespaces while an app
is used, and checks that the app notices none of them. Needs root, Linux and /dev/net/tun.

  --faults N     how many (default 500)
  --seed S       the same seed gives the same faults in the same order (default: random, printed)
  --browser B    chromium or firefox (default chromium)
  --engine E     the host's WebRTC engine: auto (default), node-datachannel or wrtc
  --kinds A,B    only these kinds (see below)
  --size MIB     of each download and upload (default 200)
  --rate KIB     a second, of downloads and of uploads each (default 1024)
  --nodes N      of the tunnel server: 1 (default), or 2 or 3 behind Caddy with a Redis, which the kinds node-… need
  --delay MS     one way between the viewer and everything else (default 25)
  --seam N       instead, N runs in this process over carriers that meet faults message by message
  --short        without the kinds that take long
  --help

Kinds: ${KIND_NAMES.join(', ')}
`;

/** Reads the command line; undefined when help was asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      faults: { type: 'string', default: '500' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      browser: { type: 'string', default: 'chromium' },
      engine: { type: 'string', default: 'auto' },
      kinds: { type: 'string' },
      size: { type: 'string', default: '200' },
      // An upload of the usual size has to end within the five minutes that Chromium gives a request.
      rate: { type: 'string', default: '1024' },
      nodes: { type: 'string', default: '1' },
      delay: { type: 'string', default: '25' },
      seam: { type: 'string', default: '0' },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const browser = oneOf('--browser', values.browser, ['chromium', 'firefox']);
  const kinds = values.kinds?.split(',').map((name) => oneOf('--kinds', name, KIND_NAMES));
  const nodes = Number(oneOf('--nodes', values.nodes, ['1', '2', '3']));
  if (nodes === 1 && kinds?.some((name) => kindOf(name).needsNodes === true) === true)
    throw new Error('these kinds need --nodes 2 or 3');
  const engine = oneOf('--engine', values.engine, ['auto', 'node-datachannel', 'wrtc']);
  return {
    faults: whole('--faults', values.faults),
    seed: whole('--seed', values.seed),
    browser,
    engine,
    kinds: (kinds ?? KIND_NAMES).filter((name) => {
      const { isLong, needsEngineProcess, needsNodes, onlyChromium } = kindOf(name);
      return (
        !(values.short && isLong === true) &&
        !(browser === 'firefox' && onlyChromium === true) &&
        !(engine === 'node-datachannel' && needsEngineProcess === true) &&
        !(nodes === 1 && needsNodes === true)
      );
    }),
    transferBytes: whole('--size', values.size) * MIB,
    rate: whole('--rate', values.rate) * KIB,
    delayMs: whole('--delay', values.delay),
    nodes,
    seamRuns: whole('--seam', values.seam),
  };
}

function whole(option: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${option} wants a whole number, not “${text}”`);
  return Number(text);
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((name) => name === text);
  if (choice === undefined) {
    throw new Error(`${option} knows no “${text}”; it knows ${choices.join(', ')}`);
  }
  return choice;
}
