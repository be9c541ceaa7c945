import { expect, test } from '@jest/globals';
import { isLoopbackHost } from '../src/loopback-host.js';

test.each(['localhost', 'LOCALHOST', 'a.localhost', 'a.b.localhost', '127.0.0.1', '127.9.8.7'])(
  '%s is this machine',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

test.each(['::1', '[::1]'])('%s is this machine', (host) => {
  expect(isLoopbackHost(host)).toBe(true);
});

test.each([
  ...['127.example.org', '127.0.0.1.example.org', 'localhost.example.org', 'mylocalhost'],
  ...['128.0.0.1', '0.0.0.0', '::', '::1:2', '', '.localhost'],
])('%j is another, or all there are', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
