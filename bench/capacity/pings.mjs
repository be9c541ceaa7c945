// What the pings of idle hosts cost a bare server of ws: a node can't take less.
import { cpuSeconds } from '../lib/usage.mjs';
import { startChild } from './children.mjs';
import { Fleet } from './fleet.mjs';
import { share, settledMs } from './idle-share.mjs';
import { onMachine, readyOnes } from './machine.mjs';
import { drop, figure, fixed } from './report.mjs';
import { wait } from './wait.mjs';

const OPEN_MS = 120_000;

export async function pings({ seconds, sessions, viewers }) {
  const child = await startChild('raw-server');
  const { pid } = child;
  const url = `ws://127.0.0.1:${child.program.value.port}`;
  const ready = readyOnes(sessions, viewers);
  const fleet = await Fleet.of([{ url }], sessions, ready, 'bare');
  try {
    const { registered } = await fleet.register(OPEN_MS);
    if (registered < sessions) drop(`${sessions - registered} bare hosts did not get in`);
    await wait(settledMs(seconds));
    const taken = await onMachine('bare pings', () => share(() => cpuSeconds(pid), seconds));
    figure(
      `CPU of as many connections (${sessions + ready}) at a bare server of ws`,
      `${fixed(taken, 2)} % of a core`,
    );
  } finally {
    await Promise.all([fleet.stop(), child.stop()]);
  }
}
