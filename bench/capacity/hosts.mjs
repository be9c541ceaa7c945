// Many hosts in one process.
import { WebSocket } from 'ws';
import { answering, settings } from './answering.mjs';
import { BareHost } from './bare-host.mjs';
import { addressOf, LightHost } from './light-host.mjs';
import { serveEnd } from './relay-ends.mjs';
import { wait } from './wait.mjs';

/** Registered at once at first: a server that has no storm to bear. */
const AT_ONCE = 32;
const POLL_MS = 20;

const { kind, net, nodes, count, ready } = settings;
const Host = { bare: BareHost, light: LightHost }[kind];
const refusals = {};
const hosts = Array.from(
  { length: count },
  (_, number) =>
    new Host({
      nodes,
      first: number % nodes.length,
      localAddress: addressOf(net, number),
      keepsReady: number < ready,
      refused: (code) => (refusals[code] = (refusals[code] ?? 0) + 1),
    }),
);
const online = () => hosts.filter(({ registeredAt }) => registeredAt !== undefined);

/** Lets them register, a few at once, for so long at most. */
async function start({ withinMs }) {
  const end = performance.now() + withinMs;
  for (let begun = 0; begun < hosts.length && performance.now() < end; begun += 1) {
    while (begun - online().length >= AT_ONCE && performance.now() < end) await wait(POLL_MS);
    await hosts[begun].start();
  }
  while (online().length < hosts.length && performance.now() < end) await wait(POLL_MS);
  return { registered: online().length, refusals };
}

let markedAt = 0;
function mark() {
  markedAt = performance.now();
  for (const code of Object.keys(refusals)) delete refusals[code];
}

/** How long after the mark each was registered. */
function status() {
  const times = online().map(({ registeredAt }) => Math.round(registeredAt - markedAt));
  return { online: times.length, times, refusals };
}

function raw({ server, links }) {
  for (const link of links) serveEnd(new WebSocket(`${server}/host/${link}`));
}

answering({ start, mark, status, raw, names: () => online().map(({ name }) => name) });
