// Viewers of one session that have nothing to say, over the relay: opens as many links as it is told, and says how many live.
import { createInterface } from 'node:readline';
import { WsCarrier } from '@wingman/node-kit';
import {
  createPass,
  decodeLinkKey,
  deriveGateKey,
  initiate,
  Link,
  newLinkId,
} from '@wingman/protocol';
import { WebSocket } from 'ws';

const [url, count] = process.argv.slice(2);
/** Opened at once: more would only wait for the host's dial-backs. */
const AT_ONCE = 8;

const { hash, host, origin, port } = new URL(url);
const key = decodeLinkKey(new URLSearchParams(hash.slice(1)).get('k') ?? '');
const gate = await deriveGateKey(key);

async function open(number) {
  const id = newLinkId();
  const path = `/__wingman/relay?link=${id}&pass=${await createPass(gate, 'relay', id)}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { host, origin },
    // So many tabs are not one person's.
    localAddress: `127.10.${number >> 8}.${number & 255}`,
    perMessageDeflate: false,
  });
  const carrier = new WsCarrier(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const link = new Link({ id, role: 'initiator', preference: 'auto', isWatched: false });
  const proven = await initiate(carrier, { key, kind: 'relay', linkId: id });
  link.attach(proven.carrier, 'relay');
  return link;
}

const links = [];
for (let first = 0; first < Number(count); first += AT_ONCE) {
  const size = Math.min(AT_ONCE, Number(count) - first);
  const opened = Array.from({ length: size }, (_, index) => open(first + index));
  links.push(...(await Promise.all(opened)));
}
const say = () => {
  const open = links.filter(({ state }) => state === 'open').length;
  const pings = links.filter((link) => link.stats().rttMs.relay !== null).length;
  console.log(JSON.stringify({ open, answered: pings }));
};
say();
// Each line is a question.
createInterface({ input: process.stdin }).on('line', say);
