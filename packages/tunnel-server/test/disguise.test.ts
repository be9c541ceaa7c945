import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Disguise } from '../src/cluster/disguise.js';

const ours = new Disguise('the-secret-of-all-our-nodes');
const others = new Disguise('the-secret-of-somebody-else');

test('a name is the same at all nodes, and nobody without the secret can try addresses out', () => {
  expect(ours.nameOf('192.0.2.7')).toBe(
    new Disguise('the-secret-of-all-our-nodes').nameOf('192.0.2.7'),
  );
  expect(ours.nameOf('192.0.2.7')).not.toBe(ours.nameOf('192.0.2.8'));
  expect(ours.nameOf('192.0.2.7')).not.toBe(others.nameOf('192.0.2.7'));
  expect(ours.nameOf('192.0.2.7')).toMatch(/^[\w-]{22}$/);
});

test('what is sealed is read again at its place, with the secret, unchanged', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, place) => {
      const sealed = ours.seal(text, place);
      expect(ours.unseal(sealed, place)).toBe(Buffer.from(text).toString());
      expect(ours.unseal(sealed, `${place}x`)).toBeUndefined();
      expect(others.unseal(sealed, place)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test.each(['', 'short', Buffer.alloc(60).toString('base64url'), 'not base64 at all ÄÖÜ'])(
  '%j was not sealed by anybody',
  (sealed) => expect(ours.unseal(sealed, 'place')).toBeUndefined(),
);

test('the same text looks different every time, and a changed byte is noticed', () => {
  const sealed = ours.seal('192.0.2.0/24', 'node');
  expect(ours.seal('192.0.2.0/24', 'node')).not.toBe(sealed);
  const bytes = Buffer.from(sealed, 'base64url');
  for (const index of bytes.keys()) {
    const changed = Buffer.from(bytes);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(ours.unseal(changed.toString('base64url'), 'node')).toBeUndefined();
  }
});
