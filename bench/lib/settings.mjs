// Networks to measure in, by name. Round trips are in milliseconds; the queue of each link holds 100 ms and drops its tail.

const QUEUE_MS = 100;
const RATE_MBIT = 100;

const link = (rttMs, rateMbit = RATE_MBIT, lossPercent = 0) => ({
  ...{ rttMs, rateMbit, lossPercent, queueMs: QUEUE_MS },
});

/** All three links alike: a way over the server is twice as long as the direct one. */
function alike(rttMs, rateMbit, lossPercent) {
  const all = link(rttMs, rateMbit, lossPercent);
  return {
    name: `${rttMs}ms-${rateMbit}mbit-${lossPercent}%`,
    about: `each link ${rttMs} ms round trip, ${rateMbit} Mbit/s, ${lossPercent} % loss, ${QUEUE_MS} ms drop-tail queue`,
    links: { viewerServer: all, serverHost: all, viewerHost: all },
  };
}

const LOOPBACK = {
  name: 'loopback',
  about: 'everything on this machine’s loopback, no delay and no limit',
  links: undefined,
};

const S = {
  name: 'S',
  about: `viewer–server and server–developer 40 ms round trip, viewer–developer 30 ms; ${RATE_MBIT} Mbit/s, ${QUEUE_MS} ms drop-tail queue`,
  links: { viewerServer: link(40), serverHost: link(40), viewerHost: link(30) },
};

const ROUND_TRIPS = [20, 50, 100, 200];
const RATES = [10, 50, 100];
const LOSSES = [0, 0.1, 1];

/** Several settings by one name. */
const GROUPS = {
  'round-trips': ROUND_TRIPS.map((rttMs) => alike(rttMs, RATE_MBIT, 0)),
  rates: RATES.map((rateMbit) => alike(50, rateMbit, 0)),
  losses: LOSSES.map((lossPercent) => alike(50, RATE_MBIT, lossPercent)),
  grid: ROUND_TRIPS.flatMap((rttMs) =>
    RATES.flatMap((rateMbit) => LOSSES.map((loss) => alike(rttMs, rateMbit, loss))),
  ),
};

/** What one name stands for: `S`, `loopback`, a group, or `50ms-10mbit-0.1%` with both endings optional. */
function named(name) {
  if (name === 'S') return [S];
  if (name === 'loopback') return [LOOPBACK];
  if (Object.hasOwn(GROUPS, name)) return GROUPS[name];
  const found = /^(\d+)ms(?:-(\d+)mbit)?(?:-(\d+(?:\.\d+)?)%)?$/.exec(name);
  if (found === null) {
    const known = ['S', 'loopback', ...Object.keys(GROUPS)].join(', ');
    throw new Error(`unknown setting ${name}: ${known}, or one like 50ms-10mbit-0.1%`);
  }
  const [, rtt, rate = RATE_MBIT, loss = 0] = found;
  return [alike(Number(rtt), Number(rate), Number(loss))];
}

/** The settings that a list like `S,round-trips,20ms-10mbit` names, each once. */
export function settingsOf(list) {
  const all = list.split(',').flatMap((name) => named(name.trim()));
  return [...new Map(all.map((setting) => [setting.name, setting])).values()];
}
