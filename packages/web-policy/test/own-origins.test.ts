import { describe, expect, test } from '@jest/globals';
import { parsePolicy, serializePolicy } from '../src/content-security-policy.js';
import { admitOwnOrigins } from '../src/own-origins.js';

const seen = (policy: string, ...origins: string[]): string =>
  serializePolicy(admitOwnOrigins({ port: 3000, origins })(parsePolicy(policy)));

describe('a policy that names the app by its address on localhost', () => {
  test.each([
    ['connect-src http://localhost:3000', 'connect-src http://localhost:3000 https://s.example'],
    ['connect-src ws://localhost:3000', 'connect-src ws://localhost:3000 wss://s.example'],
    ['img-src localhost:3000', 'img-src localhost:3000 s.example'],
    ['img-src HTTP://LocalHost:*', 'img-src HTTP://LocalHost:* https://s.example'],
    ['script-src-elem localhost:3000', 'script-src-elem localhost:3000 s.example'],
    [
      "script-src 'self' http://localhost:3000/js/;style-src localhost:3000",
      "script-src 'self' http://localhost:3000/js/ http://localhost:3000 https://s.example/js/ https://s.example/__wingman/sw.js https://s.example;" +
        'style-src localhost:3000 s.example',
    ],
  ])('%s', (policy, expected) => {
    expect(seen(policy, 'https://s.example')).toBe(expected);
  });

  test('means each of the session’s origins', () => {
    const origins = ['http://s.localhost:4000', 'http://127.0.0.1:5000'];
    expect(seen('connect-src ws://localhost:3000', ...origins)).toBe(
      'connect-src ws://localhost:3000 ws://s.localhost:4000 ws://127.0.0.1:5000',
    );
  });

  test.each([
    'http://localhost:8080',
    'https://localhost:3000',
    'wss://localhost:3000',
    'localhost',
  ])(
    '%s is another origin: of the session’s, only what answers for it is named beside it',
    (source) => {
      expect(seen(`connect-src ${source}`, 'https://s.example')).toBe(
        `connect-src ${source} https://s.example/__wingman/sw.js`,
      );
    },
  );

  test.each(['form-action', 'base-uri', 'frame-ancestors', 'report-uri'])(
    'the service worker answers nothing for %s',
    (name) => {
      const policy = `${name} http://localhost:3000/a http://localhost:8080`;
      expect(seen(policy, 'https://s.example')).toBe(`${policy} https://s.example/a`);
    },
  );

  test.each([
    ["connect-src 'self'", "connect-src 'self' http://localhost:3000 https://s.example"],
    [
      "connect-src 'SELF' *.example",
      "connect-src 'SELF' *.example http://localhost:3000 https://s.example",
    ],
    [
      "default-src 'self'; img-src *",
      "default-src 'self' http://localhost:3000 https://s.example; img-src *; frame-src 'self'; object-src 'self'",
    ],
    [
      "default-src 'self'; child-src 'none'; object-src 'none'",
      "default-src 'self' http://localhost:3000 https://s.example; child-src 'none'; object-src 'none'",
    ],
    ["connect-src 'none'; frame-src 'self'", "connect-src 'none'; frame-src 'self'"],
    ["frame-src 'self'; form-action 'self'", "frame-src 'self'; form-action 'self'"],
    ["worker-src 'self'; object-src 'self'", "worker-src 'self'; object-src 'self'"],
    ["default-src 'none'; base-uri 'none'", "default-src 'none'; base-uri 'none'"],
    ["base-uri 'self'", "base-uri 'self' http://localhost:3000 https://s.example"],
    [
      "style-src-elem 'self'; img-src 'self'",
      "style-src-elem 'self' http://localhost:3000 https://s.example; img-src 'self' http://localhost:3000 https://s.example",
    ],
  ])(
    'lets pages load by that address what ’self’ lets them load, but no documents: %s',
    (policy, expected) => {
      expect(seen(policy, 'https://s.example')).toBe(expected);
    },
  );

  test.each([
    'connect-src http://notlocalhost:3000 http://localhost:3000.example',
    "default-src 'none'; report-to localhost-3000",
    'trusted-types localhost:3000; sandbox localhost:3000; localhost:3000',
  ])('what is no address of this machine stays as it is: %s', (policy) => {
    expect(seen(policy, 'https://s.example')).toBe(policy);
  });
});

test.each([
  [
    'frame-src http://localhost:8080',
    'frame-src http://localhost:8080 https://s.example/__wingman/sw.js https://s-8080.example',
  ],
  [
    'form-action http://localhost:8080/a',
    'form-action http://localhost:8080/a https://s-8080.example/a',
  ],
  ['frame-ancestors http://localhost:9999', 'frame-ancestors http://localhost:9999'],
])('a policy that names another port means its pages too: %s', (policy, expected) => {
  const pageOrigins = new Map([[8080, 'https://s-8080.example']]);
  const own = { port: 3000, origins: ['https://s.example'], pageOrigins };
  const words = serializePolicy(admitOwnOrigins(own)(parsePolicy(policy))).split(' ');
  expect(new Set(words)).toEqual(new Set(expected.split(' ')));
});
