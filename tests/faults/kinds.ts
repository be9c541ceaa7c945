import { ADDRESS, SERVER_PORT } from '../lab/network.js';
import type { Pausable } from './app/protocol.js';
import { killEngine, killLane } from './lane-faults.js';
import type { World } from './world.js';

/** Resolves with how often the fault hit. */
type Inject = (world: World, lastsMs: number) => Promise<number>;

/** One way in which a network or a process fails. */
export interface Kind {
  /** What the link must be using when the fault comes. */
  path: 'p2p' | 'relay' | 'any';
  /** Of all faults, how many are of this kind, in relation to the others. */
  weight: number;
  /** Shortest and longest duration, milliseconds. */
  lastsMs: readonly [number, number];
  /** Nothing gets through meanwhile, so the stall is at least as long. */
  isTotal?: boolean;
  onlyChromium?: boolean;
  /** No fault: what load and machine do by themselves in the time of one. */
  isControl?: boolean;
  /** Too long for the short campaign. */
  isLong?: boolean;
  /** Only where the server is several nodes. */
  needsNodes?: boolean;
  /** Only where the host may have an engine in a process of its own. */
  needsEngineProcess?: boolean;
  /** Brings the fault about and ends it. */
  inject: Inject;
}

const { viewerOutside: VIEWER, server: SERVER } = ADDRESS;
/** The host may have moved. */
const HOST = `{ ${ADDRESS.host}, ${ADDRESS.hostElsewhere} }`;
const TO_HOST = `ip saddr ${VIEWER} ip daddr ${HOST} udp dport 1-65535 counter drop`;
const TO_VIEWER = `ip saddr ${HOST} ip daddr ${VIEWER} udp dport 1-65535 counter drop`;
const VIEWER_RELAY = [
  `ip saddr ${VIEWER} ip daddr ${SERVER} tcp dport ${SERVER_PORT} counter`,
  `ip saddr ${SERVER} ip daddr ${VIEWER} tcp sport ${SERVER_PORT} counter`,
];
const HOST_RELAY = [
  `ip saddr ${HOST} ip daddr ${SERVER} tcp dport ${SERVER_PORT} counter`,
  `ip saddr ${SERVER} ip daddr ${HOST} tcp sport ${SERVER_PORT} counter`,
];
const EVERYTHING = [`ip saddr ${VIEWER} counter drop`, `ip daddr ${VIEWER} counter drop`];

const dropped = (rules: readonly string[]): string[] => rules.map((rule) => `${rule} drop`);
const reset = (rules: readonly string[]): string[] =>
  rules.map((rule) => `${rule} reject with tcp reset`);
const lossy = (rules: readonly string[], percent: number): string[] =>
  rules.map((rule) => rule.replace('counter', `numgen random mod 100 < ${percent} counter`));

/** A heartbeat passes the quietest carrier within this. */
const HIT_MS = 5_000;
const LOOK_MS = 100;

/** A fault that is a set of packet filter rules for a while, and until they have hit. */
function filtered(rules: readonly string[]): Inject {
  return async ({ lab, sleep }, lastsMs) => {
    await lab.addRules(rules);
    await sleep(lastsMs);
    for (let waited = 0; waited < HIT_MS && (await lab.hits()) === 0; waited += LOOK_MS) {
      await sleep(LOOK_MS);
    }
    const hits = await lab.hits();
    await lab.clearRules();
    return hits;
  };
}

/** Meanwhile the page does less; it goes on afterwards, whatever happens. */
async function paused<T>({ viewer }: World, what: Pausable, act: () => Promise<T>): Promise<T> {
  try {
    await viewer.pause(what);
    return await act();
  } finally {
    await viewer.resume();
  }
}

/** SIGSTOP, and after a while SIGCONT. */
const stopHost: Inject = async ({ host, sleep }, lastsMs) => {
  host.signal('SIGSTOP');
  await sleep(lastsMs);
  host.signal('SIGCONT');
  return 1;
};

/** The node that has the session ends, and after a while is there again. */
function nodeEnds(signal: 'SIGKILL' | 'SIGTERM'): Inject {
  return async ({ nodes, sleep }, lastsMs) => {
    if (nodes === undefined) return 0;
    const { hits, again } = await nodes.endOwner(signal);
    await sleep(lastsMs);
    await again.start();
    return hits;
  };
}

const SWITCHES = 6;
const switchBackAndForth: Inject = async ({ viewer, sleep }, lastsMs) => {
  const before = await viewer.switches();
  for (let turn = 0; turn < SWITCHES; turn += 1) {
    await viewer.prefer(turn % 2 === 0 ? 'relay' : 'p2p');
    await sleep(lastsMs / SWITCHES);
  }
  return (await viewer.switches()) - before;
};

/** Every kind of fault by name. */
const KINDS = {
  nothing: {
    ...{ path: 'any', weight: 1, lastsMs: [300, 1_500], isControl: true },
    inject: async ({ sleep }, lastsMs) => {
      await sleep(lastsMs);
      return 1;
    },
  },
  'udp-drop': {
    ...{ path: 'p2p', weight: 8, lastsMs: [500, 3_000] },
    inject: filtered([TO_HOST, TO_VIEWER]),
  },
  'udp-drop-long': {
    ...{ path: 'p2p', weight: 1, lastsMs: [5_000, 15_000], isLong: true },
    inject: filtered([TO_HOST, TO_VIEWER]),
  },
  'udp-lost-to-host': {
    ...{ path: 'p2p', weight: 4, lastsMs: [500, 2_500] },
    inject: filtered([TO_HOST]),
  },
  'udp-lost-to-viewer': {
    ...{ path: 'p2p', weight: 4, lastsMs: [500, 2_500] },
    inject: filtered([TO_VIEWER]),
  },
  'lane-killed': {
    // A lane that stays suspected for 3 s is given up.
    ...{ path: 'p2p', weight: 3, lastsMs: [4_000, 6_000] },
    inject: killLane,
  },
  'engine-killed': {
    ...{ path: 'p2p', weight: 3, lastsMs: [0, 0], needsEngineProcess: true },
    inject: killEngine,
  },
  'loss-5': {
    ...{ path: 'p2p', weight: 3, lastsMs: [1_000, 2_000] },
    inject: filtered(lossy([TO_HOST, TO_VIEWER], 5)),
  },
  'loss-20': {
    ...{ path: 'p2p', weight: 3, lastsMs: [1_000, 2_000] },
    inject: filtered(lossy([TO_HOST, TO_VIEWER], 20)),
  },
  'loss-20-everywhere': {
    ...{ path: 'any', weight: 2, lastsMs: [1_000, 2_000] },
    inject: filtered(lossy(EVERYTHING, 20)),
  },
  'relay-cut': {
    ...{ path: 'relay', weight: 6, lastsMs: [200, 500] },
    inject: filtered(reset(VIEWER_RELAY)),
  },
  'relay-cut-under-p2p': {
    ...{ path: 'p2p', weight: 4, lastsMs: [200, 500] },
    inject: filtered(reset(VIEWER_RELAY)),
  },
  'host-relay-cut': {
    ...{ path: 'any', weight: 4, lastsMs: [200, 500] },
    inject: filtered(reset(HOST_RELAY)),
  },
  'relay-black-hole': {
    ...{ path: 'relay', weight: 4, lastsMs: [500, 3_000] },
    inject: filtered(dropped(VIEWER_RELAY)),
  },
  'relay-black-hole-under-p2p': {
    ...{ path: 'p2p', weight: 2, lastsMs: [500, 2_000] },
    inject: filtered(dropped(VIEWER_RELAY)),
  },
  'host-relay-black-hole': {
    ...{ path: 'any', weight: 2, lastsMs: [500, 3_000] },
    inject: filtered(dropped(HOST_RELAY)),
  },
  'both-gone': {
    ...{ path: 'any', weight: 4, lastsMs: [2_000, 4_000], isTotal: true },
    inject: filtered(EVERYTHING),
  },
  'both-gone-long': {
    ...{ path: 'any', weight: 1, lastsMs: [8_000, 20_000], isTotal: true, isLong: true },
    inject: filtered(EVERYTHING),
  },
  'server-killed': {
    ...{ path: 'any', weight: 3, lastsMs: [0, 1_000] },
    inject: async ({ server, sleep }, lastsMs) => {
      await server.kill();
      await sleep(lastsMs);
      await server.start();
      return 1;
    },
  },
  'node-killed': {
    ...{ path: 'any', weight: 6, lastsMs: [0, 1_000], needsNodes: true },
    inject: nodeEnds('SIGKILL'),
  },
  'node-killed-under-relay': {
    ...{ path: 'relay', weight: 6, lastsMs: [0, 1_000], needsNodes: true },
    inject: nodeEnds('SIGKILL'),
  },
  'node-drained': {
    ...{ path: 'relay', weight: 6, lastsMs: [0, 1_000], needsNodes: true },
    inject: nodeEnds('SIGTERM'),
  },
  'host-stopped': {
    ...{ path: 'any', weight: 3, lastsMs: [500, 3_000], isTotal: true },
    inject: stopHost,
  },
  'host-stopped-20-s': {
    ...{ path: 'any', weight: 0.3, lastsMs: [20_000, 20_000], isTotal: true, isLong: true },
    inject: stopHost,
  },
  'nat-rebinding': {
    ...{ path: 'any', weight: 5, lastsMs: [0, 0] },
    inject: ({ lab }) => lab.rebind(),
  },
  'viewer-moves': {
    ...{ path: 'p2p', weight: 3, lastsMs: [0, 0] },
    inject: ({ lab }) => lab.move('viewer').then(() => 1),
  },
  'host-moves': {
    ...{ path: 'p2p', weight: 3, lastsMs: [0, 0] },
    inject: ({ lab }) => lab.move('host').then(() => 1),
  },
  switches: {
    ...{ path: 'p2p', weight: 5, lastsMs: [300, 1_500] },
    inject: switchBackAndForth,
  },
  'worker-killed': {
    ...{ path: 'any', weight: 3, lastsMs: [0, 500], onlyChromium: true },
    inject: (world, lastsMs) =>
      paused(world, 'all', async () => {
        const killed = await world.viewer.killServiceWorker();
        await world.sleep(lastsMs);
        return killed;
      }),
  },
  'tab-frozen': {
    ...{ path: 'any', weight: 2, lastsMs: [500, 3_000], isTotal: true, onlyChromium: true },
    // Chromium forgets the body of a response that arrives while a tab is frozen, on localhost too.
    inject: (world, lastsMs) =>
      paused(world, 'readers', async () => {
        await world.viewer.freeze(true);
        await world.sleep(lastsMs);
        await world.viewer.freeze(false);
        return 1;
      }),
  },
  'tab-hidden': {
    ...{ path: 'any', weight: 2, lastsMs: [500, 3_000] },
    inject: async ({ viewer, sleep }, lastsMs) => {
      const hidden = await viewer.hide();
      await sleep(lastsMs);
      await viewer.show();
      return hidden;
    },
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];

export const kindOf = (name: KindName): Kind => KINDS[name];
