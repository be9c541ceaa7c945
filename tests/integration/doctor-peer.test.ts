import { afterEach, expect, test } from '@jest/globals';
import { createLinkKey, encodeLinkKey } from '@wingman/protocol';
import { startPlainApp, type PlainApp } from '../support/plain-app.js';
import { CLI, eventually, Program, Share } from '../support/processes.js';

let app: PlainApp;
let share: Share | undefined;

afterEach(async () => {
  await share?.stop();
  share = undefined;
  await app.close();
});

async function start(...args: string[]): Promise<Share> {
  app = await startPlainApp();
  share = await Share.start(app.port, args);
  return share;
}

/** What `wingman doctor --peer` says of a session, by what each line is about. */
async function doctor(link: string): Promise<{ code: number | null; says: Map<string, string> }> {
  const env = { NO_COLOR: '1', TUNNEL_PORT: '0' };
  const program = new Program(process.execPath, [CLI, 'doctor', '--peer', link], { env });
  const code = await program.exited;
  const found = program.lines.flatMap((line) => {
    const [, mark, about, says] = /^ {2}([+·!]) (.{10}) (.*)$/.exec(line) ?? [];
    return about === undefined ? [] : [[about.trim(), `${mark} ${says}`] as const];
  });
  return { code, says: new Map(found) };
}

test('a session is gone to by both paths, and its viewers are none the more afterwards', async () => {
  const host = await start();
  const { ready } = host;
  const { code, says } = await doctor(ready.url);
  expect(code).toBe(0);
  expect(says.get('peer')).toBe(`+ ${new URL(ready.url).origin} answers`);
  expect(says.get('relay')).toMatch(/^\+ round trip \d+\.\d ms$/);
  expect(says.get('direct')).toMatch(/^\+ came up in \d+ ms, round trip \d+\.\d ms$/);
  expect([says.has('NAT here'), says.has('NAT there')]).toEqual([true, true]);
  const came = ({ event }: { event: string }): boolean => event === 'viewer-joined';
  await eventually('the visit is over', () =>
    host.events().some(({ event, viewers }) => event === 'viewer-left' && viewers === 0),
  );
  expect(host.events().filter(came)).toHaveLength(1);
});

test('a host without direct paths is said to be one', async () => {
  const { ready } = await start('--no-p2p');
  const { code, says } = await doctor(ready.url);
  expect(code).toBe(0);
  expect(says.get('relay')).toMatch(/^\+ round trip/);
  expect(says.get('direct')).toBe('· switched off at the host');
});

test('a key that is not the session’s is said to be wrong, and opens nothing', async () => {
  const { ready } = await start();
  const link = `${new URL(ready.url).origin}/#k=${encodeLinkKey(createLinkKey())}`;
  const { code, says } = await doctor(link);
  expect(code).toBe(1);
  expect(says.get('peer')).toMatch(/^! .* is not reached: /);
  expect(says.has('relay')).toBe(false);
});

test('what is no link is said at once', async () => {
  await start();
  const program = new Program(process.execPath, [CLI, 'doctor', '--peer', 'http://localhost']);
  expect(await program.exited).toBe(2);
  expect(program.errors.join()).toContain('the whole link that wingman share prints');
});
