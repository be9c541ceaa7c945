// Many viewers in one process, each with a connection for signaling and one by the relay.
import { createPass, newLinkId } from '@wingman/protocol';
import { WebSocket } from 'ws';
import { answering } from './answering.mjs';
import { addressOf, beating, gateKeyOf } from './light-host.mjs';
import { ViewerEnd, WINDOW } from './relay-ends.mjs';
import { wait } from './wait.mjs';

const NET = 90;
const AT_ONCE = 16;
const OPEN_MS = 15_000;
const POLL_MS = 20;
const BEGUN_MS = 30_000;

let viewers = [];

async function open(server, name, number) {
  const { port } = new URL(server);
  const [tab, link] = [newLinkId(), newLinkId()];
  const key = gateKeyOf(name);
  const passes = [await createPass(key, 'signal', tab), await createPass(key, 'relay', link)];
  const settings = {
    perMessageDeflate: false,
    localAddress: addressOf(NET, number),
    headers: { host: `${name}.localhost:${port}` },
  };
  const to = (path) => beating(new WebSocket(`ws://127.0.0.1:${port}/__wingman/${path}`, settings));
  const signaling = to(`signal?tab=${tab}&pass=${passes[0]}`);
  const socket = to(`relay?link=${link}&pass=${passes[1]}`);
  return { signaling, socket, end: new ViewerEnd(socket) };
}

const isThere = ({ end, signaling }) => end.isOpen && signaling.readyState === signaling.OPEN;

async function settled(some) {
  const end = performance.now() + OPEN_MS;
  while (!some.every(isThere) && performance.now() < end) await wait(POLL_MS);
}

/** As behind a proxy that goes by addresses: a host has all its connections at one node, and its viewers come by any. */
function nodeFor(number, nodes) {
  return nodes[(number + Math.floor(number / nodes.length)) % nodes.length];
}

/** So many viewers, each of one session of a list in turn; resolves with how many are there. */
async function join({ server, names, count }) {
  for (let first = 0; first < count; first += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - first);
    const some = Array.from({ length }, (_, index) => {
      const number = first + index;
      const name = names[number % names.length];
      return open(nodeFor(number, [server].flat()), name, viewers.length + index);
    });
    const opened = await Promise.all(some);
    viewers.push(...opened);
    await settled(opened);
  }
  return { joined: viewers.filter(isThere).length };
}

/** Viewers' ends at a bare splice. */
async function raw({ server, links }) {
  for (const link of links) {
    const socket = new WebSocket(`${server}/viewer/${link}`, { perMessageDeflate: false });
    viewers.push({ signaling: socket, socket, end: new ViewerEnd(socket) });
  }
  await settled(viewers);
  return { joined: viewers.filter(isThere).length };
}

/** Resolves when each has got a window: what they get from then on says who is served, and not who began first. */
async function begin() {
  for (const { end } of viewers) end.begin();
  const latest = performance.now() + BEGUN_MS;
  const isBegun = ({ end }) => !end.isOpen || end.bytes >= WINDOW;
  while (!viewers.every(isBegun) && performance.now() < latest) await wait(POLL_MS);
}

/** The bytes that each gets in so many seconds. */
async function carry({ seconds }) {
  const before = viewers.map(({ end }) => end.bytes);
  const begun = performance.now();
  await wait(seconds * 1_000);
  const bytes = viewers.map(({ end }, index) => end.bytes - before[index]);
  return { bytes, seconds: (performance.now() - begun) / 1_000 };
}

async function leave() {
  for (const { signaling, socket } of viewers) {
    signaling.terminate();
    socket.terminate();
  }
  viewers = [];
}

answering({ join, raw, begin, carry, leave, there: () => viewers.filter(isThere).length });
