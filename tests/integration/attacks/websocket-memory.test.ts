import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { peakBytes, resetPeak, residentBytes } from '../../support/memory.js';
import { eventually, Share, startServer, within, type Program } from '../../support/processes.js';
import { timed } from '../../support/scheduling.js';
import { startSocketApp, type SocketApp } from '../../support/socket-app.js';

const MIB = 1024 * 1024;
/** Below what one message may have. */
const MESSAGE_MIB = 31;
/** What is held for all sockets together at each end, and what copying and collecting takes. */
const BOUND = 320 * MIB;
const PIECE = Buffer.alloc(MIB, 7);

let app: SocketApp;
let server: { program: Program; url: string };
let share: Share;
let neighbour: Share;
/** Resident memory of server and host before anything has happened. */
let atRest: number[];
const open = new Set<WebSocket>();

beforeAll(async () => {
  app = await startSocketApp();
  server = await startServer();
  share = await Share.start(app.port, ['--server', server.url, '--no-p2p', '--ingress', 'open']);
  neighbour = await Share.start(app.port, [
    '--server',
    server.url,
    '--no-p2p',
    '--ingress',
    'open',
  ]);
  atRest = pids().map(residentBytes);
});

afterAll(async () => {
  for (const socket of open) socket.terminate();
  await share.stop();
  await neighbour.stop();
  await server.program.stop();
  await app.close();
});

const pids = (): number[] => [server.program.pid, share.pid];

/** A WebSocket of somebody who knows the host name and nothing else. */
async function connect(session: Share, path: string): Promise<WebSocket> {
  const { host, port } = new URL(session.origin);
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    headers: { host },
    maxPayload: 64 * MIB,
    // A mask that changes nothing: it spares this machine one pass over each byte at both ends.
    generateMask: (mask) => void mask.fill(0),
  });
  open.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => open.delete(socket));
  await within(20_000, 'the WebSocket', once(socket, 'open'));
  return socket;
}

/** Sends a message in pieces for as long as the other side takes them. */
async function send(socket: WebSocket, mebibytes: number, isWhole: boolean): Promise<void> {
  for (let piece = 1; piece <= mebibytes && socket.readyState === socket.OPEN; piece++) {
    const fin = isWhole && piece === mebibytes;
    await new Promise((resolve) => socket.send(PIECE, { fin }, resolve));
    // Else writing would keep this process from reading why it is cut off.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Resolves when the server has read all that was sent, or has cut the socket off and that is known here. */
async function heardOut(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  const over = new Promise((resolve) => socket.once('pong', resolve).once('close', resolve));
  if (socket.readyState === socket.OPEN) socket.ping();
  await within(60_000, 'a word of the server', over);
}

/** Echoes of small messages on sockets that were there before, one by one. */
async function expectUndisturbed(sockets: readonly WebSocket[]): Promise<void> {
  for (const socket of sockets) {
    for (let round = 0; round < 10; round++) {
      const echo = once(socket, 'message') as Promise<[Buffer]>;
      socket.send(`hello ${round}`);
      const { milliseconds, result } = await timed([...pids(), neighbour.pid], () =>
        within(30_000, 'an echo', echo),
      );
      expect(result[0].toString()).toBe(`hello ${round}`);
      expect(milliseconds).toBeLessThan(5_000);
    }
  }
}

/** Opens sockets and runs an attack on them; tells by how much each process has grown at most since it was at rest, and how the sockets were closed. */
async function attack(
  count: number,
  path: string,
  run: (sockets: readonly WebSocket[]) => Promise<void>,
): Promise<{ server: number; host: number; closes: string[] }> {
  const bystanders = [await connect(share, '/echo'), await connect(neighbour, '/echo')];
  await expectUndisturbed(bystanders);
  pids().forEach(resetPeak);
  const closes: string[] = [];
  const sockets = await Promise.all(Array.from({ length: count }, () => connect(share, path)));
  for (const socket of sockets) {
    socket.on('close', (code, reason) => closes.push(`${code} ${reason.toString()}`));
  }
  await run(sockets);
  await expectUndisturbed(bystanders);
  const [grownServer = 0, grownHost = 0] = pids().map(
    (pid, index) => peakBytes(pid) - (atRest[index] ?? 0),
  );
  const result = { server: grownServer, host: grownHost, closes: [...closes] };
  for (const socket of [...sockets, ...bystanders]) socket.terminate();
  return result;
}

/** As many large messages on one socket as the other side takes. */
async function fill(socket: WebSocket): Promise<void> {
  const sending = async (): Promise<void> => {
    for (let message = 0; message < 4; message++) await send(socket, MESSAGE_MIB, true);
  };
  let last = -1;
  let since = performance.now();
  const stalls = eventually(
    'the other side takes no more',
    () => {
      if (socket.bufferedAmount !== last) since = performance.now();
      last = socket.bufferedAmount;
      return performance.now() - since > 1_500;
    },
    60_000,
  );
  await Promise.race([sending(), stalls]);
}

/** Memory is free again, and the largest messages pass. A paused socket whose client has gone is found out by the second ping. */
async function expectRecovered(): Promise<void> {
  await eventually(
    'nothing is held',
    async () => (await share.metric('wingman_ingress_held_bytes')) === 0,
    60_000,
  );
  const socket = await connect(share, '/echo');
  const echo = once(socket, 'message');
  await send(socket, MESSAGE_MIB, true);
  const [data] = (await within(60_000, 'the large echo', echo)) as [Buffer];
  expect(data.byteLength).toBe(MESSAGE_MIB * MIB);
  socket.terminate();
}

describe('keyless WebSockets do not fill memory', () => {
  test('with messages that never end', async () => {
    const cut = await share.metric('wingman_ingress_cuts_total');
    const { closes, ...grown } = await attack(40, '/echo', async (sockets) => {
      await Promise.all(sockets.map((socket) => send(socket, MESSAGE_MIB, false)));
      await Promise.all(sockets.map(heardOut));
    });
    expect(grown.server).toBeLessThan(BOUND);
    expect(closes.length).toBeGreaterThan(30);
    expect(new Set(closes)).toEqual(new Set(['1009 LIMIT_EXCEEDED']));
    expect(await share.metric('wingman_ingress_cuts_total')).toBe(cut + closes.length);
    await expectRecovered();
  }, 180_000);

  test('with messages to an app that does not read', async () => {
    const { closes, ...grown } = await attack(8, '/deaf', async (sockets) => {
      for (const socket of sockets) await fill(socket);
    });
    expect([grown.server < BOUND, grown.host < BOUND]).toEqual([true, true]);
    expect(closes.length).toBeGreaterThan(2);
    expect(new Set(closes)).toEqual(new Set(['1009 LIMIT_EXCEEDED']));
    app.listen();
    await expectRecovered();
  }, 240_000);

  test('with answers that are not read', async () => {
    const grown = await attack(8, '/echo', async (sockets) => {
      for (const socket of sockets) {
        socket.pause();
        await fill(socket);
      }
    });
    expect([grown.server < BOUND, grown.host < BOUND]).toEqual([true, true]);
    await expectRecovered();
  }, 240_000);
});
