import { expect, test } from '@jest/globals';
import { errorFromWire, errorToWire, toWingmanError, WingmanError } from '../src/errors.js';

test('an error of ours stays itself; another is wrapped with its message and cause', () => {
  const ours = new WingmanError('TIMEOUT', 'too slow');
  expect(toWingmanError(ours, 'INTERNAL')).toBe(ours);
  const other = new TypeError('no function');
  expect(toWingmanError(other, 'INTERNAL')).toMatchObject({
    ...{ name: 'WingmanError', code: 'INTERNAL', message: 'no function', cause: other },
  });
  expect(toWingmanError('a string', 'REFUSED')).toMatchObject({
    ...{ code: 'REFUSED', message: 'a string', cause: 'a string' },
  });
});

test('the numbers on the wire are those of SPEC.md section 6', () => {
  const codes = [
    ...['CANCELLED', 'PROTOCOL_ERROR', 'REFUSED', 'UPSTREAM_ABORTED', 'LIMIT_EXCEEDED'],
    ...['TIMEOUT', 'LINK_CLOSED', 'LINK_LOST', 'SESSION_ENDED', 'INTERNAL', 'TOO_MANY_VIEWERS'],
    'VISITOR_REFUSED',
  ] as const;
  for (const [index, code] of codes.entries()) {
    expect([errorToWire(code), errorFromWire(index + 1)]).toEqual([index + 1, code]);
  }
});

test('a code without a number, and a number without a code, are INTERNAL', () => {
  expect(errorToWire('KEY_MISSING')).toBe(errorToWire('INTERNAL'));
  expect([errorFromWire(0), errorFromWire(13), errorFromWire(2 ** 40)]).toEqual([
    ...['INTERNAL', 'INTERNAL', 'INTERNAL'],
  ]);
});
