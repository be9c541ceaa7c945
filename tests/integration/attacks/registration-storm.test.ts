import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { createKeys, FakeHost } from '../../../packages/tunnel-server/test/support/fake-host.js';
import { get } from '../../support/http.js';
import { peakBytes, resetPeak, residentBytes } from '../../support/memory.js';
import { eventually, within } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// One client registers session after session, renews one registration again and again, and asks for every shell.

const MIB = 1024 * 1024;
const MAX_REGISTRATIONS = 500;
/** Below what may be connected and not registered. */
const AT_ONCE = 50;
const SESSIONS = 50;
const MAX_RENEWALS = 50;
const MAX_GROWTH_BYTES = 96 * MIB;
/** A connection and a check of a signature for each; with a compression for each it was 70 ms of them. */
const CPU_MS_EACH = 20;

let scene: UnderAttack;
const hosts: FakeHost[] = [];

beforeAll(async () => {
  scene = await UnderAttack.start();
});

afterEach(() => hosts.splice(0).forEach(({ signaling }) => signaling.socket.terminate()));

afterAll(() => scene.stop());

/** Time of all its threads so far, in ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The code of the refusal; undefined when the host is registered. */
async function register(host: FakeHost): Promise<string | undefined> {
  await host.register();
  for (;;) {
    const message = await within(10_000, 'an answer', host.received.next());
    if (message?.$case === 'hostRegistered') return undefined;
    if (message?.$case === 'refusal') return message.value.code;
  }
}

async function registerNew(): Promise<string | undefined> {
  const host = await FakeHost.connect(scene.server.port, { keys: createKeys(), dials: false });
  hosts.push(host);
  return register(host);
}

async function refused(limit: string): Promise<number> {
  const { body } = await get(scene.server.url, '/metrics');
  const sample = `wingman_limits_exceeded_total{limit="${limit}"} `;
  const line = body.split('\n').find((text) => text.startsWith(sample));
  return Number(line?.slice(sample.length));
}

test('the shells of many sessions, asked for at once, take no more memory than a few', async () => {
  const { pid } = scene.server.program;
  const before = residentBytes(pid);
  resetPeak(pid);
  await scene.run(async () => {
    await Promise.all(Array.from({ length: SESSIONS }, registerNew));
    const shells = hosts.map((host) => {
      const headers = { 'sec-fetch-dest': 'document', 'accept-encoding': 'br' };
      return get(`http://${host.name}`, '/', headers);
    });
    const answers = await Promise.all(shells);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
  expect(peakBytes(pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  expect(await scene.isAlive()).toBe(true);
});

test('a storm of registrations costs little, and ends in refusals', async () => {
  const { pid } = scene.server.program;
  const before = residentBytes(pid);
  const cpuBefore = cpuMs(pid);
  resetPeak(pid);
  const outcomes: (string | undefined)[] = [];
  await scene.run(async () => {
    while (outcomes.length < MAX_REGISTRATIONS && !outcomes.some(Boolean)) {
      const storm = Array.from({ length: AT_ONCE }, registerNew);
      outcomes.push(...(await Promise.all(storm)));
    }
  });
  const refusals = outcomes.filter((code) => code !== undefined);
  expect(new Set(refusals)).toEqual(new Set(['LIMIT_EXCEEDED']));
  expect(await refused('registrations')).toBe(refusals.length);
  expect(cpuMs(pid) - cpuBefore).toBeLessThan(CPU_MS_EACH * outcomes.length);
  expect(peakBytes(pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
  expect(await scene.isAlive()).toBe(true);
});

test('a registration renewed without end is refused', async () => {
  const { pid } = scene.server.program;
  await eventually('a registration', async () => (await registerNew()) === undefined);
  const host = hosts.at(-1);
  const cpuBefore = cpuMs(pid);
  let renewals = 0;
  let code: string | undefined;
  await scene.run(async () => {
    for (; host !== undefined && code === undefined && renewals < MAX_RENEWALS; renewals += 1) {
      code = await register(host);
    }
  });
  expect(code).toBe('LIMIT_EXCEEDED');
  expect(await refused('renewals')).toBe(1);
  expect(cpuMs(pid) - cpuBefore).toBeLessThan(CPU_MS_EACH * MAX_RENEWALS);
  expect(await scene.isAlive()).toBe(true);
});
