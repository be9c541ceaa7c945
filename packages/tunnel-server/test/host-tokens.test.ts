import { expect, test } from '@jest/globals';
import { ConfigError, proveToken, tokenKey } from '@wingman/node-kit';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { pino } from 'pino';
import { SERVER_LIMITS } from '../src/limits.js';
import { HostTokens } from '../src/operator/host-tokens.js';
import { FakeClock } from './support/fake-clock.js';
import { FakeHost } from './support/fake-host.js';
import { listFile } from './support/list-file.js';
import { startServer } from './support/server.js';

const ALICE = 'alice-0123456789abcdef';
const BOB = 'bob-0123456789abcdefgh';
const NONCE = new Uint8Array(32).fill(7);

function tokensOf(source: string) {
  const clock = new FakeClock();
  const log: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => void log.push(line) });
  return { clock, log, tokens: new HostTokens(source, { clock, logger }) };
}

/** Whether the tokens let a host with this one in. */
const admits = (tokens: HostTokens, token: string, session = 'a', nonce = NONCE): boolean =>
  tokens.admits({ session: 'a', tokenProof: proveToken(tokenKey(token), session, nonce) }, NONCE);

test('each token of a list opens the door, and no other', () => {
  const { tokens } = tokensOf(`${ALICE}, ${BOB}`);
  const others = [`${ALICE}x`, 'carol-0123456789abcdef'];
  expect([ALICE, BOB, ...others].map((token) => admits(tokens, token))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('a proof is good for its session and its connection only, and nothing is no proof', () => {
  const { tokens } = tokensOf(ALICE);
  expect(admits(tokens, ALICE, 'b')).toBe(false);
  expect(admits(tokens, ALICE, 'a', new Uint8Array(32).fill(8))).toBe(false);
  for (const tokenProof of [new Uint8Array(), new Uint8Array(32), tokenKey(ALICE)]) {
    expect(tokens.admits({ session: 'a', tokenProof }, NONCE)).toBe(false);
  }
});

test('a file is read with its comments, and again when another takes its place', () => {
  const path = listFile(`# the team\n${ALICE}  # Alice\n\n`);
  const { clock, tokens } = tokensOf(path);
  expect([admits(tokens, ALICE), admits(tokens, BOB)]).toEqual([true, false]);
  writeFileSync(`${path}.new`, `${BOB}\n`);
  renameSync(`${path}.new`, path);
  clock.advance(SERVER_LIMITS.listFileMs);
  expect([admits(tokens, ALICE), admits(tokens, BOB)]).toEqual([false, true]);
  tokens.close();
  expect(clock.pending).toEqual([]);
});

test.each(['', 'short\n', `${BOB}\nno spaces in it, please\n`])(
  'a file that has become %j opens nothing and loses nothing, and is complained of once',
  (text) => {
    const path = listFile(`${ALICE}\n`);
    const { clock, log, tokens } = tokensOf(path);
    writeFileSync(path, text);
    clock.advance(3 * SERVER_LIMITS.listFileMs);
    expect([admits(tokens, ALICE), admits(tokens, BOB)]).toEqual([true, false]);
    expect(log).toEqual([expect.stringContaining('a list stays as it was')]);
    expect(log.join()).not.toContain(BOB);
  },
);

test('a file that is gone leaves the tokens as they were', () => {
  const path = listFile(`${ALICE}\n`);
  const { clock, tokens } = tokensOf(path);
  rmSync(path);
  clock.advance(SERVER_LIMITS.listFileMs);
  expect(admits(tokens, ALICE)).toBe(true);
});

test.each([['/nowhere/tokens.txt'], ['short'], [`${ALICE},`], [`${ALICE},not a token of 20`]])(
  '%j is no list of tokens',
  (source) => expect(() => tokensOf(source)).toThrow(ConfigError),
);

test('a mistake is named by its place: no token stands in the message', () => {
  const secret = 'a secret with spaces in it';
  expect(() => tokensOf(`${ALICE},${secret}`)).toThrow('token 2 is not one');
  expect(() => tokensOf(`${ALICE},${secret}`)).not.toThrow(secret);
});

test('a server with tokens registers only hosts that have one', async () => {
  const server = await startServer({ hostTokens: ALICE });
  for (const token of [undefined, BOB]) {
    const host = await FakeHost.connect(server.port, token === undefined ? {} : { token });
    await host.register();
    const refusal = await host.received.find((item) => item?.$case === 'refusal');
    expect(refusal.value.code).toBe('TOKEN_NEEDED');
  }
  const host = await FakeHost.start(server.port, { token: ALICE });
  expect(host.dialToken).toHaveLength(43);
  const refused = { code: 'TOKEN_NEEDED' };
  expect(await server.metrics.value('wingman_hosts_refused_total', refused)).toBe(2);
});
