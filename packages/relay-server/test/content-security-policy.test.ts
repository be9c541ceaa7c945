import { describe, expect, test } from '@jest/globals';
import { header } from '@wingman/protocol';
import { admitShim } from '../src/proxy/content-security-policy.js';

const URL = 'http://abc.localhost/__wingman/shim.js';
const admitted = (policy: string): string | undefined =>
  admitShim([header('content-security-policy', policy)], { nonce: 'N', urls: [URL] })[0]?.value;

describe('the shim gets through', () => {
  test.each([
    ["script-src 'self'", `script-src 'self'; script-src-elem 'self' ${URL}`],
    ["default-src 'none'; img-src *", `default-src 'none'; img-src *; script-src-elem ${URL}`],
    ["script-src-elem 'NONE'; script-src 'self'", `script-src 'self'; script-src-elem ${URL}`],
    [
      "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline'",
      "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-inline'; " +
        "script-src-elem 'nonce-abc' 'strict-dynamic' 'unsafe-inline' 'nonce-N'",
    ],
    [
      "Script-Src 'sha256-x='; script-src *",
      "script-src 'sha256-x='; script-src-elem 'sha256-x=' 'nonce-N'",
    ],
    ["script-src é; default-src 'self'", `default-src 'self'; script-src-elem 'self' ${URL}`],
  ])('%s', (policy, expected) => {
    expect(admitted(policy)).toBe(expected);
  });

  test('a policy that lives by inline scripts keeps them', () => {
    expect(admitted("script-src 'unsafe-inline'")).not.toContain('nonce');
  });

  test('a policy that only reports has nothing to report', () => {
    const report = header('content-security-policy-report-only', "script-src 'self'");
    expect(admitShim([report], { nonce: 'N', urls: [URL] })[0]?.value).toContain(URL);
  });

  test('each of several policies', () => {
    expect(admitted("script-src 'self',default-src 'self'")).toBe(
      `script-src 'self'; script-src-elem 'self' ${URL},default-src 'self'; script-src-elem 'self' ${URL}`,
    );
  });
});

test.each(["img-src 'self'", "frame-ancestors 'none'", 'upgrade-insecure-requests', ''])(
  'a policy without scripts stays as it is: %j',
  (policy) => {
    expect(admitted(policy)).toBe(policy);
  },
);
