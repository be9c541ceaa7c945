import { Program, ROOT } from '../support/program.js';

/** What lies between any two of viewer, server and host. Each is at the end of one arm of a star. */
export interface Arms {
  /** From one to another and back, in milliseconds. */
  readonly rttMs: number;
  /** Of each arm in each direction, in Mbit/s; 0 for no limit. */
  readonly rateMbit: number;
  /** What each arm holds of packets that wait, in milliseconds. */
  readonly queueMs: number;
  /** Packets lost on the way from one to another, in percent. */
  readonly lossPercent: number;
}

interface End {
  readonly namespace: string;
  readonly address: string;
  readonly device: string;
}

/** A round trip passes two arms, each twice. */
const PASSES = 4;
const ARMS = 2;

/** Joins two namespaces by an arm, which lives until it is stopped. */
export async function emulate(near: End, far: End, arms: Arms): Promise<Program> {
  const { lossPercent, queueMs, rateMbit, rttMs } = arms;
  const shape = [rttMs / PASSES, rateMbit, queueMs, lossPercent / ARMS].map(String);
  const ends = [near.namespace, near.address, far.namespace, far.address];
  const devices = ['--device', near.device, '--far-device', far.device];
  const args = [`${ROOT}tests/lab/delay-link.py`, ...ends, ...shape, ...devices];
  // A Ctrl-C in the terminal must not take the network from those who are still to end.
  const link = new Program('python3', args, { group: true });
  await link.find('the emulated link', (lines) => lines.includes('ready') || undefined);
  return link;
}
