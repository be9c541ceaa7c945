import { expect, test } from '@jest/globals';
import { envTypos } from '../src/config.js';

test.each([
  ['TUNEL_PORT', 'TUNNEL_PORT'],
  ['TUNNEL_PROT', 'TUNNEL_PORT'],
  ['MAX_VIEWER', 'MAX_VIEWERS'],
  ['MAX_VIEWERSS', 'MAX_VIEWERS'],
  ['SESSION-TTL', 'SESSION_TTL'],
  ['TUNNEL_SERVER_URI', 'TUNNEL_SERVER_URL'],
])('%s is taken for %s', (name, meant) => {
  expect(envTypos([name])).toEqual([`${name} in .env is no setting. Is ${meant} meant?`]);
});

test('settings are settings, and other names are the app’s own', () => {
  expect(envTypos(['TUNNEL_PORT', 'DATABASE_URL', 'PORT', 'TURN', 'VITE_API'])).toEqual([]);
  // Who has set the one that is meant has meant another here.
  expect(envTypos(['TURN_URLS', 'MAX_VIEWERS', 'MAX_VIEWER'])).toEqual([]);
});
