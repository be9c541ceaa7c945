import { describe, expect, test } from '@jest/globals';
import { derivePortLinkKey, encodeLinkKey, importLinkKey } from '@wingman/protocol';
import { doorFor, isDoor, throughDoor } from '../../src/shell/door.js';

const MAIN = 'shop-abcdefghijklmnop';
const OTHER = `${MAIN}-8080`;
const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const ARRIVAL = /&for=[0-9a-f]{32}/;

const page = (url: string): URL => new URL(url);

describe('a page without a key', () => {
  test('of another port asks at the door of the main session, and says where it wants to go', () => {
    const door = doorFor(OTHER, page(`https://${OTHER}.example:8443/a?b=c#d`)) ?? '';
    expect(door).toMatch(ARRIVAL);
    expect(door.replace(ARRIVAL, '')).toBe(
      `https://${MAIN}.example:8443/__wingman/door/8080?to=%2Fa%3Fb%3Dc#d`,
    );
    expect(isDoor(page(door))).toBe(true);
  });

  test.each([
    ['of the main session', MAIN, `https://${MAIN}.example/`],
    ['that has been at the door, where there was no key', OTHER, `https://${OTHER}.example/#k=`],
    ['at another name than its session’s', OTHER, 'http://127.0.0.1:8787/'],
  ])('%s asks at none', (_, session, url) => {
    expect(doorFor(session, page(url))).toBeUndefined();
  });
});

describe('the door', () => {
  const through = (url: string, key = KEY) => throughDoor(MAIN, page(url), key);
  const DOOR = `https://${MAIN}.example/__wingman/door`;

  test('gives the key of that port, from one that can’t be read, in the fragment alone', async () => {
    const key = await importLinkKey(KEY);
    const secret = encodeLinkKey(await derivePortLinkKey(KEY, 8080));
    const url = await throughDoor(MAIN, page(`${DOOR}/8080?to=%2Fa&for=x#d`), key);
    expect(url).toBe(`/__wingman/door/8080/pass?to=%2Fa&for=x#k=${secret}#d`);
    expect(url).not.toContain(encodeLinkKey(KEY));
  });

  test('without a key says so, so that nobody comes a second time', async () => {
    const url = await throughDoor(MAIN, page(`${DOOR}/8080?to=%2F`), null);
    expect(url).toBe('/__wingman/door/8080/pass?to=%2F#k=');
  });

  test.each(['', 'x', '0', '65536', '8080/evil'])('for port %j leads home', async (port) => {
    expect(await through(`${DOOR}/${port}`)).toBe('/');
  });
});
