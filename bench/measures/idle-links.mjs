// What links cost that have nothing to say: most links of a server are idle most of the time.
import { Link, memoryCarrierPair, newLinkId } from '@wingman/protocol';

const ENDS = 200;
const SECONDS = 10;

/** Both ends of one link, as the ingress and a host have them. */
function idleLink() {
  const id = newLinkId();
  const ends = [new Link({ id, role: 'initiator' }), new Link({ id, role: 'acceptor' })];
  const carriers = memoryCarrierPair();
  ends.forEach((end, n) => end.attach(carriers[n], 'relay'));
  return ends;
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** CPU of this process, as a share of one core, while so many ends of links are idle. */
async function share(count) {
  const ends = Array.from({ length: count / 2 }, idleLink).flat();
  // The first heartbeats pass together with the start of the process.
  await wait(3);
  const before = process.cpuUsage();
  await wait(SECONDS);
  const { user, system } = process.cpuUsage(before);
  for (const end of ends) end.close('LINK_CLOSED');
  return (user + system) / (SECONDS * 1e6);
}

export async function idleLinks(runs) {
  const shares = [];
  for (let run = 0; run < runs; run += 1) shares.push((await share(ENDS)) - (await share(0)));
  const [median] = shares.sort((a, b) => a - b).slice(Math.floor(runs / 2));
  return [
    {
      figure: `CPU of ${ENDS} idle ends of links`,
      value: `${(100 * median).toFixed(2)} % of a core`,
      target: '2 %',
      met: median <= 0.02,
      detail: `median of ${runs} runs of ${SECONDS} s, in one process, over carriers in memory`,
    },
  ];
}
