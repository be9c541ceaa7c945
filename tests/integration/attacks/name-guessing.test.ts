import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../../../packages/tunnel-server/src/limits.js';
import { get } from '../../support/http.js';
import { within } from '../../support/processes.js';
import { UnderAttack } from '../../support/under-attack.js';

// One client asks for name after name, in the hope of a session.

const GUESSES = SERVER_LIMITS.unknownNameBurst + 50;

let scene: UnderAttack;

beforeAll(async () => {
  scene = await UnderAttack.start();
});

afterAll(() => scene.stop());

function guess(index: number): string {
  const name = index.toString(36).padStart(16, 'a');
  return `http://app-${name}.${new URL(scene.server.url).host}`;
}

async function limited(): Promise<number> {
  const { body } = await get(scene.server.url, '/metrics');
  const sample = /wingman_limits_exceeded_total\{limit="unknown-names"\} (\d+)/.exec(body);
  return Number(sample?.[1]);
}

test('guessing the names of sessions', async () => {
  const statuses = await scene.run(async () => {
    const all: number[] = [];
    for (let index = 0; index < GUESSES; index += 1)
      all.push((await get(guess(index), '/')).status);
    return all;
  });
  expect(statuses.filter((status) => status === 404)).toHaveLength(SERVER_LIMITS.unknownNameBurst);
  expect(new Set(statuses.slice(SERVER_LIMITS.unknownNameBurst))).toEqual(new Set([429]));
  const { headers } = await get(guess(0), '/');
  expect([headers['wingman-error'], headers.connection]).toEqual(['LIMIT_EXCEEDED', 'close']);
  expect(await limited()).toBe(GUESSES - SERVER_LIMITS.unknownNameBurst + 1);
});

test('guessing the names of sessions by WebSocket, past the limit', async () => {
  const { host, port } = new URL(guess(1));
  const url = `ws://127.0.0.1:${port}/__wingman/signal`;
  const socket = new WebSocket(url, { headers: { host } });
  const [error] = (await within(10_000, 'the refusal', once(socket, 'error'))) as [Error];
  expect(error.message).toContain('429');
});

test('whoever guesses keeps nobody at the same address from a session that is there', async () => {
  expect(await scene.isAlive()).toBe(true);
  const shell = await get(scene.victim.origin, '/', { 'sec-fetch-dest': 'document' });
  expect([shell.status, shell.body.includes('wingman-boot')]).toEqual([200, true]);
});
