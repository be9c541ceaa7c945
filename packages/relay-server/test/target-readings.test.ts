import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isBelow, readingsOf, reservedPath } from '../src/exchange/target-readings.js';

describe('the path that a target may mean', () => {
  test.each([
    ['/a/b', '/a/b'],
    ['/a?b#c', '/a'],
    ['/a#/b?c', '/a'],
    ['//a///b', '/a/b'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/../../b', '/b'],
    ['/a/..', '/'],
    ['/%61/%2E%2e/b', '/b'],
    ['/a%2fb', '/a/b'],
    ['\\a\\..\\b', '/b'],
    ['/a%5C..%5Cb', '/b'],
    // Decoded once, as a server does.
    ['/%252e%252e/a', '/%2e%2e/a'],
    ['/%zz/a', '/%zz/a'],
    // A query that only looks like one after it was decoded is a part of the path.
    ['/a%3Fb', '/a?b'],
    ['', '/'],
  ])('%j is %j at last', (target, path) => {
    expect(readingsOf(target)[2]).toBe(path);
  });

  test('has readings in between, for servers that stop there', () => {
    expect(readingsOf('/x/%2e%2E//y?z')).toEqual(['/x/%2e%2E//y', '/x/../y', '/y']);
  });

  test('of a query over several lines ends before it', () => {
    expect(readingsOf('/a?b\nc')[0]).toBe('/a');
  });

  test('has no dot segment, no backslash and no empty segment left', () => {
    const piece = fc.constantFrom('a', '.', '..', '/', '\\', '%2e', '%2F', '%5c', '%', 'b');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), (pieces) => {
        const [, , path] = readingsOf(`/${pieces.join('')}`);
        expect(path.startsWith('/')).toBe(true);
        expect(path).not.toMatch(/\\|\/\//);
        expect(path.split('/')).not.toContain('..');
        expect(path.split('/')).not.toContain('.');
      }),
    );
  });
});

test('a path is reserved exactly when one of its readings is', () => {
  const words = ['__wingman', '__wing', 'man', '_', '%5f', '%5F', '%77', 'x', '?', '#'];
  const piece = fc.constantFrom(...words, '/', '\\', '.', '..', '%2f', '%');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const target = `/${pieces.join('')}`;
      const readings = readingsOf(target);
      const isReserved = readings.some((path) => isBelow('/__wingman', path));
      expect(reservedPath(target)).toBe(isReserved ? readings[2] : undefined);
    }),
    { numRuns: 2_000 },
  );
});

describe('below a prefix', () => {
  test.each([
    ['/__wingman', '/__wingman', true],
    ['/__wingman', '/__wingman/shim.js', true],
    ['/__wingman', '/__wingmanx', false],
    ['/__wingman/', '/__wingman/x', true],
    ['/__wingman/', '/__wingman', false],
    ['/', '/anything', true],
    ['/hooks', '/hook', false],
  ])('%s: %s is %j', (prefix, path, isIt) => {
    expect(isBelow(prefix, path)).toBe(isIt);
  });
});
