import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  create,
  ENTRY_TARGET,
  headersFromRaw,
  headerValue,
  newLinkId,
  openWebSocket,
  request,
  RequestHead,
  WebSocketOpen,
} from '@wingman/protocol';
import { HOST_LIMITS } from '@wingman/relay-server';
import { startFixtureApp, type FixtureApp } from '../../support/fixture-app.js';
import { get } from '../../support/http.js';
import { residentBytes } from '../../support/memory.js';
import { eventually, Share, SLOW_TIME } from '../../support/processes.js';
import { RelayViewer } from '../../support/relay-viewer.js';

const MIB = 1024 * 1024;
const PASSPHRASE = 'open sesame';

let app: FixtureApp;
const shares: Share[] = [];
const viewers: RelayViewer[] = [];

beforeAll(async () => {
  app = await startFixtureApp();
});

afterEach(async () => {
  for (const viewer of viewers.splice(0)) viewer.close();
  for (const share of shares.splice(0)) await share.stop();
  app.requests.length = 0;
});

afterAll(() => app.close());

async function started(args: readonly string[], env = {}): Promise<Share> {
  const share = await Share.start(app.port, ['--no-p2p', '--max-viewers', '64', ...args], env);
  shares.push(share);
  return share;
}

const asBrowser = (id: string): string => `__Host-wingman-viewer=${id}`;

async function join(share: Share, cookies = asBrowser(newLinkId())): Promise<RelayViewer> {
  const viewer = await RelayViewer.join(share, cookies);
  viewers.push(viewer);
  return viewer;
}

/** Sends a request; resolves with its status and, for a page of ours, the code. */
async function send({ mux }: RelayViewer, method: string, target: string, body?: string) {
  const fields = { method, target, hasBody: body !== undefined, headers: headersFromRaw([]) };
  const options = body === undefined ? {} : { body: bytesOf(body) };
  const { head } = await request(mux, create(RequestHead, fields), options);
  return [head.status, headerValue(head.headers, 'wingman-error')];
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const enter = (viewer: RelayViewer, passphrase: string) =>
  send(viewer, 'POST', ENTRY_TARGET, String(new URLSearchParams({ passphrase, to: '/' })));

describe('somebody with the whole link and without the passphrase', () => {
  test('who guesses gets so many guesses in a minute, whatever browser it says to be', async () => {
    // On a busy machine these guesses may take more than a minute, and there would be new ones.
    const share = await started([], { PASSPHRASE, ...SLOW_TIME });
    const inside = await join(share);
    await send(inside, 'GET', '/');
    await enter(inside, PASSPHRASE);
    expect(await send(inside, 'GET', '/')).toEqual([200, undefined]);
    const before = residentBytes(share.pid);
    const attackers: RelayViewer[] = [];
    while (attackers.length < 40) attackers.push(await join(share));
    const guess = async (viewer: RelayViewer, number: number): Promise<void> => {
      await send(viewer, 'GET', '/');
      await enter(viewer, `guess ${number}`);
    };
    await Promise.all(attackers.flatMap((viewer) => [guess(viewer, 1), guess(viewer, 2)]));
    // The right one is not looked at any more.
    const late = await join(share);
    await send(late, 'GET', '/');
    await enter(late, PASSPHRASE);
    expect(await send(late, 'GET', '/')).toEqual([401, 'PASSPHRASE_NEEDED']);
    const wrong = share.events().filter(({ event }) => event === 'wrong-passphrase');
    expect(wrong.length).toBeGreaterThan(0);
    expect(wrong.length).toBeLessThan(HOST_LIMITS.passphraseGuesses.inAll);
    expect(residentBytes(share.pid) - before).toBeLessThan(128 * MIB);
    expect(await send(inside, 'GET', '/')).toEqual([200, undefined]);
    expect(app.requests).toEqual(['GET /', 'GET /']);
  }, 120_000);

  test('finds no other way in', async () => {
    const share = await started([], { PASSPHRASE });
    const viewer = await join(share);
    const needed = [401, 'PASSPHRASE_NEEDED'];
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE']) {
      expect([method, await send(viewer, method, '/')]).toEqual([method, needed]);
    }
    for (const target of ['//', '/__wingman/ports', '/__wingman/entry/../../', '/%2e/x', '/\\x']) {
      expect([target, await send(viewer, 'GET', target)]).toEqual([target, needed]);
    }
    const { accepted } = openWebSocket(viewer.mux, create(WebSocketOpen, { target: '/ws' }));
    await expect(accepted).rejects.toMatchObject({ head: { status: 401 } });
    expect((await get(share.origin, '/', share.bearer)).status).toBe(403);
    expect(app.requests).toEqual([]);
  }, 60_000);

  test('can’t pass for a browser that is in by a broken id', async () => {
    const share = await started([], { PASSPHRASE });
    const id = newLinkId();
    const inside = await join(share, asBrowser(id));
    await send(inside, 'GET', '/');
    await enter(inside, PASSPHRASE);
    expect(await send(await join(share, asBrowser(id)), 'GET', '/')).toEqual([200, undefined]);
    const forged = ['', asBrowser(''), asBrowser(id.slice(1)), asBrowser(`${id}x`), `x=${id}`];
    for (const cookies of forged) {
      const viewer = await join(share, cookies);
      expect([cookies, await send(viewer, 'GET', '/')]).toEqual([
        cookies,
        [401, 'PASSPHRASE_NEEDED'],
      ]);
    }
  }, 60_000);
});

test('a visitor who is removed loses a running stream, and stays out with a new tab', async () => {
  const share = await started(['--approve']);
  const id = newLinkId();
  const viewer = await join(share, asBrowser(id));
  expect(await send(viewer, 'GET', '/')).toEqual([403, 'APPROVAL_NEEDED']);
  share.type('a 1');
  await eventually(
    'the visitor is let in',
    async () => (await send(viewer, 'GET', '/'))[0] === 200,
  );
  const { body } = await viewer.open('/endless');
  const reading = (async () => {
    for await (const chunk of body) expect(chunk.byteLength).toBeGreaterThan(0);
  })();
  share.type('r 1');
  await expect(reading).rejects.toMatchObject({ code: 'VISITOR_REFUSED' });
  await eventually('the app’s request has ended', () => app.openRequests() === 0);
  expect(await send(viewer, 'GET', '/')).toEqual([403, 'VISITOR_REFUSED']);
  expect(await send(await join(share, asBrowser(id)), 'GET', '/')).toEqual([
    ...[403, 'VISITOR_REFUSED'],
  ]);
}, 60_000);

test('a hundred browsers that wait take no more places than there are', async () => {
  const share = await started(['--approve']);
  const codes: unknown[] = [];
  for (let joined = 0; joined < 100; joined++) {
    const viewer = await RelayViewer.join(share);
    codes.push((await send(viewer, 'GET', '/'))[1]);
    viewer.close();
  }
  const { waitingVisitors: places } = HOST_LIMITS;
  expect(codes.slice(0, places)).toEqual(Array.from({ length: places }, () => 'APPROVAL_NEEDED'));
  expect(new Set(codes.slice(places))).toEqual(new Set(['LIMIT_EXCEEDED']));
  const asked = share.events().filter(({ event }) => event === 'visitor');
  expect(asked).toHaveLength(places);
  expect(app.requests).toEqual([]);
}, 120_000);
