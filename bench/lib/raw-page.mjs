// Bare data channels between the two places of the direct path, with no protocol of ours: its limit.
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { connectRaw } from './in-page.mjs';
import { ROOT, start } from './programs.mjs';

/** A page whose bare channels are open, each in a connection of its own, and what ends the processes at their other ends. */
export async function rawPage(visit) {
  const page = await visit.browser.newPage();
  await page.goto('data:text/html,raw');
  const peers = [];
  const stop = () => Promise.all(peers.map((peer) => peer.stop()));
  await page.exposeFunction('toRawPeer', (index, line) => {
    peers[index].child.stdin.write(`${line}\n`);
  });
  try {
    for (let index = 0; index < visit.peer.channels; index += 1) {
      peers.push(await startPeer(visit, index));
      createInterface({ input: peers[index].child.stdout }).on('line', (line) =>
        page.evaluate((which, text) => window.rawSignals[which](text), index, line),
      );
      await page.evaluate(connectRaw, index);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { page, stop };
}

async function startPeer(visit, index) {
  const [command, ...args] = [
    ...[...visit.lab.inside('host'), process.execPath],
    join(ROOT, 'bench/lib/raw-peer.mjs'),
  ];
  const peer = await start(command, args, (line) => JSON.parse(line).ready);
  visit.add(index === 0 ? 'raw peer' : `raw peer ${index + 1}`, peer);
  return peer;
}
