import { CloseCode, LIMITS } from '@wingman/protocol';
import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { carrierContract } from '../../protocol/test/support/carrier-contract.js';
import { WsCarrier } from '../src/ws-carrier.js';
import { closePairs, openPair } from './support/socket-pair.js';

afterEach(closePairs);

/** Starts a carrier and keeps what it tells. */
function collect(carrier: WsCarrier): { messages: Uint8Array[]; closes: string[] } {
  const seen = { messages: [] as Uint8Array[], closes: [] as string[] };
  carrier.start({
    message: (bytes) => seen.messages.push(bytes),
    close: (reason) => seen.closes.push(reason),
    writable: () => undefined,
  });
  return seen;
}

describe.each(['client', 'server'] as const)('from the %s', (from) => {
  carrierContract(async () => {
    const pair = await openPair();
    const left = new WsCarrier(pair[from]);
    const right = new WsCarrier(pair[from === 'client' ? 'server' : 'client']);
    return [left, right];
  });
});

describe('a carrier over a WebSocket', () => {
  test('delivers what came before it first', async () => {
    const { client, server } = await openPair();
    const carrier = new WsCarrier(server, { early: [Uint8Array.of(1), Uint8Array.of(2)] });
    client.send(Uint8Array.of(3));
    await once(server, 'message');
    expect(collect(carrier).messages.map(([first]) => first)).toEqual([1, 2, 3]);
  });

  test('hands the first message to the preface, and the second to the reader', async () => {
    const { client, server } = await openPair();
    const prefaces: number[][] = [];
    const preface = (bytes: Uint8Array): void => void prefaces.push([...bytes]);
    const seen = collect(new WsCarrier(server, { preface }));
    client.send(Uint8Array.of(1));
    client.send(Uint8Array.of(2));
    await once(server, 'message');
    if (seen.messages.length === 0) await once(server, 'message');
    expect(prefaces).toEqual([[1]]);
    expect(seen.messages.map(([first]) => first)).toEqual([2]);
  });

  test('a preface may be among what came before', async () => {
    const { server } = await openPair();
    const prefaces: number[] = [];
    const carrier = new WsCarrier(server, {
      early: [Uint8Array.of(1), Uint8Array.of(2)],
      preface: ([first]) => void prefaces.push(first ?? 0),
    });
    expect(prefaces).toEqual([1]);
    expect(collect(carrier).messages.map(([first]) => first)).toEqual([2]);
  });

  test('ends at a malformed preface', async () => {
    const { client, server } = await openPair();
    const preface = (): void => {
      throw new Error('malformed');
    };
    const seen = collect(new WsCarrier(server, { preface }));
    client.send(Uint8Array.of(1));
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(CloseCode.PROTOCOL);
    expect(seen).toEqual({ messages: [], closes: ['a malformed preface'] });
  });

  test('ends at a text message', async () => {
    const { client, server } = await openPair();
    const seen = collect(new WsCarrier(server));
    client.send('text');
    const [code] = (await once(client, 'close')) as [number];
    expect(code).toBe(CloseCode.PROTOCOL);
    expect(seen.closes).toEqual(['carriers are binary']);
  });

  test('tells the reason of a close, or its code when there is none', async () => {
    const told: string[] = [];
    for (const close of [{ code: 4005, reason: 'the host is offline' }, { code: 4009 }]) {
      const { client, server } = await openPair();
      const seen = collect(new WsCarrier(server));
      client.close(close.code, close.reason);
      await once(server, 'close');
      told.push(...seen.closes);
    }
    expect(told).toEqual(['the host is offline', 'closed (4009)']);
  });

  test('a connection that is cut is told', async () => {
    const { client, server } = await openPair();
    const seen = collect(new WsCarrier(server));
    client.terminate();
    await once(server, 'close');
    expect(seen.closes).toEqual(['closed (1006)']);
  });

  test('is closed from the start when its WebSocket is', async () => {
    const { client, server } = await openPair();
    client.terminate();
    await once(server, 'close');
    const carrier = new WsCarrier(server);
    expect(carrier.isClosed).toBe(true);
    expect(carrier.writable).toBe(false);
    expect(collect(carrier).closes).toEqual(['the WebSocket is closed']);
  });

  test('an error of the socket ends the carrier and not the process', async () => {
    const { client, serverTransport, server } = await openPair();
    const seen = collect(new WsCarrier(server));
    serverTransport.destroy(new Error('a broken cable'));
    await once(client, 'close');
    expect(seen.closes).toHaveLength(1);
  });

  test('is not writable while more than the high-water mark waits', async () => {
    const { client, clientTransport } = await openPair();
    const carrier = new WsCarrier(client);
    clientTransport.cork();
    const block = new Uint8Array(LIMITS.maxMessageBytes);
    const blocks = LIMITS.carrierHighWaterBytes / LIMITS.maxMessageBytes;
    for (let count = 1; count < blocks; count += 1) carrier.send(block);
    expect(carrier.writable).toBe(true);
    carrier.send(block);
    expect(carrier.writable).toBe(false);
    clientTransport.uncork();
  });

  test('hands on plain bytes, whatever the library gives', async () => {
    const { client, server } = await openPair();
    const seen = collect(new WsCarrier(server));
    client.send(Uint8Array.of(1, 2, 3));
    await once(server, 'message');
    expect(Buffer.isBuffer(seen.messages[0])).toBe(false);
    expect(seen.messages[0]).toEqual(Uint8Array.of(1, 2, 3));
  });
});
