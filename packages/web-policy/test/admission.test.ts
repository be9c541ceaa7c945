import { describe, expect, test } from '@jest/globals';
import { header } from '@wingman/protocol';
import { admitSession, admitShim } from '../src/admission.js';
import { admitOwnOrigins } from '../src/own-origins.js';
import { shimTag } from '../src/shim-injector.js';

const NAMES = ['content-security-policy', 'content-security-policy-report-only'];
const PASS = { nonce: 'N', origins: ['https://s.example', 'https://bare.example'] };
const SHIM_URLS = 'https://s.example/__wingman/shim.js https://bare.example/__wingman/shim.js';

const values = (fields: [string, string][], destination = 'iframe'): string[] =>
  admitSession(
    fields.map(([name, value]) => header(name, value)),
    { destination },
  ).map(({ value }) => value);

describe('the shell may frame the app, and no other site gains anything', () => {
  test.each([
    ["frame-ancestors 'none'", "frame-ancestors 'self'"],
    [
      "FRAME-ANCESTORS 'Self' *.example,frame-ancestors",
      "FRAME-ANCESTORS 'Self' *.example,frame-ancestors 'self'",
    ],
    ["default-src 'none' , img-src *", "default-src 'none' , img-src *"],
  ])('%s', (policy, expected) => {
    for (const name of NAMES) expect(values([[name, policy]])).toEqual([expected]);
  });

  test.each([
    ['DENY', 'SAMEORIGIN'],
    ['deny, sameorigin', 'SAMEORIGIN'],
    ['DENY, what', 'SAMEORIGIN'],
    ['sameorigin, what', 'SAMEORIGIN'],
    ['SAMEORIGIN', 'SAMEORIGIN'],
    ['sameorigin,SAMEORIGIN', 'sameorigin,SAMEORIGIN'],
    ['ALLOWALL', 'ALLOWALL'],
    ['ALLOW-FROM https://deny.example', 'ALLOW-FROM https://deny.example'],
    ['', ''],
  ])('X-Frame-Options: %s', (value, expected) => {
    expect(values([['x-frame-options', value]])).toEqual([expected]);
  });

  test('X-Frame-Options in several lines count together', () => {
    const lines: [string, string][] = [
      ['x-frame-options', 'SAMEORIGIN'],
      ['server', 'deny'],
      ['x-frame-options', 'ALLOWALL'],
    ];
    expect(values(lines)).toEqual(['SAMEORIGIN', 'deny', 'SAMEORIGIN']);
  });

  test.each(['iframe', 'frame', 'embed', 'object'])('in an %s', (destination) => {
    expect(values([['x-frame-options', 'DENY']], destination)).toEqual(['SAMEORIGIN']);
  });

  test.each(['document', '', 'empty'])('what is no frame stays as it is: %j', (destination) => {
    expect(values([['x-frame-options', 'DENY']], destination)).toEqual(['DENY']);
    expect(values([[NAMES[0]!, "frame-ancestors 'none'"]], destination)).toEqual([
      "frame-ancestors 'none'",
    ]);
  });
});

describe('policies', () => {
  const also = [admitOwnOrigins({ port: 3000, origins: ['https://s.example'] })];

  test('of every line, and of every part of it, name the session’s origins', () => {
    const headers = [
      header(NAMES[0]!, 'img-src localhost:3000, style-src localhost:3000'),
      header('link', '<http://localhost:3000>'),
      header(NAMES[0]!, 'font-src localhost:3000'),
      header(NAMES[1]!, 'media-src localhost:3000'),
    ];
    expect(admitSession(headers, { destination: '', also }).map(({ value }) => value)).toEqual([
      'img-src localhost:3000 s.example, style-src localhost:3000 s.example',
      '<http://localhost:3000>',
      'font-src localhost:3000 s.example',
      'media-src localhost:3000 s.example',
    ]);
  });

  test('reach the browser without the bytes it would ignore', () => {
    const policy = "default-src 'self'; report-uri /\xfc, img-src \xe9";
    for (const name of NAMES) expect(values([[name, policy]], '')).toEqual(["default-src 'self',"]);
    expect(values([['x-name', '\xe9']], '')).toEqual(['\xe9']);
  });
});

describe('a document with the shim', () => {
  const admitted = (fields: [string, string][]): { values: string[]; tag: string } => {
    const headers = fields.map(([name, value]) => header(name, value));
    const document = admitShim(headers, { destination: 'iframe' }, PASS);
    return { values: document.headers.map(({ value }) => value), tag: document.tag };
  };

  test('each of several policies lets it in, those that only report too', () => {
    const policies = "script-src 'self', default-src 'nonce-x'; frame-ancestors 'none'";
    for (const name of NAMES) {
      expect(admitted([[name, policies]])).toEqual({
        values: [
          `script-src 'self'; script-src-elem 'self' ${SHIM_URLS}, ` +
            "default-src 'nonce-x'; frame-ancestors 'self'; script-src-elem 'nonce-x' 'nonce-N'",
        ],
        tag: shimTag('N', false),
      });
    }
  });

  test('lets the session’s origins in before the shim, whose sources are then the page’s', () => {
    const also = [admitOwnOrigins({ port: 3000, origins: ['https://s.example'] })];
    const policy = header(NAMES[0]!, 'script-src localhost:3000');
    const [changed] = admitShim([policy], { destination: '', also }, PASS).headers;
    expect(changed?.value).toBe(
      `script-src localhost:3000 s.example; script-src-elem localhost:3000 s.example ${SHIM_URLS}`,
    );
  });

  test('has no nonce where no policy asks for one, and has another length', () => {
    const plain = admitted([
      ['content-type', 'text/html'],
      ['content-length', '5'],
    ]);
    expect(plain).toEqual({ values: ['text/html'], tag: shimTag(undefined, false) });
  });

  test('tells the shim that the page asks for isolation', () => {
    const { tag } = admitted([
      ['cross-origin-opener-policy', 'same-origin'],
      ['cross-origin-embedder-policy', 'credentialless'],
    ]);
    expect(tag).toBe(shimTag(undefined, true));
  });
});
