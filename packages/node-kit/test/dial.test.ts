import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeMessage, DialPreface, newLinkId } from '@wingman/protocol';
import { once } from 'node:events';
import {
  DIAL_PATH,
  dialHeaders,
  bearerTokenOf,
  dialUrl,
  HOST_PATH,
  readDial,
  readDialPreface,
  sendDialPreface,
  webSocketUrl,
} from '../src/dial.js';
import { closePairs, openPair } from './support/socket-pair.js';

afterEach(closePairs);

describe('the addresses of a tunnel server', () => {
  test.each([
    ['http://localhost:8787', 'ws://localhost:8787/__wingman/host'],
    ['https://tunnel.example.org', 'wss://tunnel.example.org/__wingman/host'],
    ['https://[::1]:8443', 'wss://[::1]:8443/__wingman/host'],
  ])('%s', (server, url) => {
    expect(webSocketUrl(new URL(server), HOST_PATH).href).toBe(url);
  });

  test.each(['relay', 'ingress'] as const)('a dial-back says that it is for the %s', (purpose) => {
    const url = dialUrl(new URL('http://localhost:1'), { session: 'my-app-abc', purpose });
    expect(url.pathname).toBe(DIAL_PATH);
    expect(readDial(url.searchParams)).toEqual({ session: 'my-app-abc', purpose });
  });

  test('a session that is no name arrives as it was sent', () => {
    const session = 'a&purpose=ingress#?%';
    const url = dialUrl(new URL('http://localhost:1'), { session, purpose: 'relay' });
    expect(readDial(url.searchParams)).toEqual({ session, purpose: 'relay' });
  });

  test.each(['', 'purpose=', 'purpose=RELAY', 'session=x', 'purpose=signaling&session=x'])(
    'no dial-back: %j',
    (query) => expect(readDial(new URLSearchParams(query))).toBeUndefined(),
  );
});

describe('the token of a dial-back', () => {
  test('is what was sent', () => {
    const token = 'aZ09_-'.repeat(7);
    expect(bearerTokenOf(dialHeaders(token).authorization)).toBe(token);
  });

  test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'Bearer a b', 'bearer abc'])(
    'is empty for %j',
    (field) => expect(bearerTokenOf(field)).toBe(''),
  );

  test('is empty when it is longer than any of ours', () => {
    expect(bearerTokenOf(`Bearer ${'a'.repeat(128)}`)).toHaveLength(128);
    expect(bearerTokenOf(`Bearer ${'a'.repeat(129)}`)).toBe('');
  });
});

describe('the preface', () => {
  async function received(viewerId: string, address = '192.0.2.1'): Promise<Buffer> {
    const { client, server } = await openPair();
    const message = once(client, 'message') as Promise<[Buffer, boolean]>;
    sendDialPreface(server, viewerId, address);
    const [bytes, isBinary] = await message;
    expect(isBinary).toBe(true);
    return bytes;
  }

  test.each(['192.0.2.1', '2001:db8::1'])(
    'names the viewer, and that it is at %s',
    async (address) => {
      const browser = newLinkId();
      expect(readDialPreface(await received(browser, address))).toEqual({ browser, address });
    },
  );

  test('of a browser without an id names nobody', async () => {
    expect(readDialPreface(await received('')).browser).toBeUndefined();
  });

  test('names nobody by what is no id', () => {
    const bytes = encodeMessage(DialPreface, { viewerId: '../x', clientAddress: '1.2\u001b[2J' });
    expect(readDialPreface(bytes)).toEqual({ browser: undefined, address: undefined });
  });

  test('that is none fails with PROTOCOL_ERROR', () => {
    expect(() => readDialPreface(Uint8Array.of(0x0a, 0x7f))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });
});
