import { describe, expect, test } from '@jest/globals';
import { header } from '@wingman/protocol';
import { admitOwnFrame } from '../src/proxy/frame-policy.js';

const framed = (name: string, value: string, destination = 'iframe'): string | undefined =>
  admitOwnFrame([header(name, value)], destination)[0]?.value;

describe('the shell may frame the app, and no other site gains anything', () => {
  test.each([
    ["frame-ancestors 'none'", "frame-ancestors 'self'"],
    [
      "default-src *; frame-ancestors 'none'; img-src *",
      "default-src *; frame-ancestors 'self'; img-src *",
    ],
    ['frame-ancestors https://one.example', "frame-ancestors 'self' https://one.example"],
    [
      "FRAME-ANCESTORS 'Self' *.example,frame-ancestors",
      "frame-ancestors 'self' *.example,frame-ancestors 'self'",
    ],
  ])('%s', (policy, expected) => {
    expect(framed('content-security-policy', policy)).toBe(expected);
    expect(framed('content-security-policy-report-only', policy)).toBe(expected);
  });

  test.each([
    ['DENY', 'SAMEORIGIN'],
    ['deny, sameorigin', 'SAMEORIGIN, sameorigin'],
    ['SAMEORIGIN', 'SAMEORIGIN'],
    ['ALLOW-FROM https://one.example', 'ALLOW-FROM https://one.example'],
  ])('X-Frame-Options: %s', (value, expected) => {
    expect(framed('x-frame-options', value)).toBe(expected);
  });

  test('what is no frame stays as it is', () => {
    expect(framed('x-frame-options', 'DENY', 'document')).toBe('DENY');
    expect(framed('x-frame-options', 'DENY', '')).toBe('DENY');
    expect(framed('content-security-policy', "frame-ancestors 'none'", 'empty')).toContain(
      "'none'",
    );
  });

  test('other policies stay as they are', () => {
    expect(framed('content-security-policy', "default-src 'none'")).toBe("default-src 'none'");
  });
});
