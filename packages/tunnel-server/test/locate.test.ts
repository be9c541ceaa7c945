import { expect, test } from '@jest/globals';
import { isOwnOrigin, routeHost } from '../src/web/locate.js';

test.each([
  ['localhost', 'server'],
  ['LOCALHOST:8787', 'server'],
  ['a.localhost:8787', 'session'],
  ['a.b.localhost', 'foreign'],
  ['alocalhost', 'foreign'],
  ['-a.localhost', 'foreign'],
  ['a_b.localhost', 'foreign'],
  [`${'a'.repeat(64)}.localhost`, 'foreign'],
  ['.localhost', 'foreign'],
  ['a.localhost.', 'foreign'],
  ['a.localhost@evil.example', 'foreign'],
  ['evil.example', 'foreign'],
  ['127.0.0.1:8787', 'address'],
  ['[::1]:8787', 'address'],
  ['', 'foreign'],
  [undefined, 'foreign'],
])('the Host %s is %s', (host, kind) => {
  expect(routeHost(host, 'localhost').kind).toBe(kind);
});

test.each([
  ['http://a.localhost:8787', 'a.localhost:8787', 'http', true],
  ['http://a.localhost', 'a.localhost:80', 'http', true],
  ['https://a.example', 'a.example:443', 'https', true],
  ['https://a.example', 'a.example', 'http', false],
  ['http://a.example', 'a.example', 'https', false],
  ['http://b.localhost:8787', 'a.localhost:8787', 'http', false],
  ['null', 'a.localhost', 'http', false],
  ['http://a.localhost', undefined, 'http', false],
] as const)('the Origin %s on %s over %s: own is %s', (origin, host, scheme, own) => {
  expect(isOwnOrigin(origin, host, scheme)).toBe(own);
});
