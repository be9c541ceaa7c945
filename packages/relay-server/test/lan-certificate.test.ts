import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createPublicKey, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  Certificate,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import { execFileSync } from 'node:child_process';
import { lanCertificate } from '../src/cli/lan/authority.js';
import { createAuthority, createCertificate } from '../src/cli/lan/certificate.js';
import { HOST_LIMITS } from '../src/limits.js';
import { scratchFolder } from './support/scratch.js';

const ADDRESS = '192.168.1.5';
const DAY_MS = 86_400_000;
const authority = createAuthority('Wingman on a test');

function structureOf(pem: string): Certificate {
  return AsnConvert.parse(new X509Certificate(pem).raw, Certificate);
}

describe('a certificate', () => {
  test('has what it may be used for, and is not to be used by who doesn’t understand that', () => {
    const criticalIn = (pem: string): [string, boolean][] =>
      (structureOf(pem).tbsCertificate.extensions ?? []).map(({ critical, extnID }) => [
        extnID,
        critical,
      ]);
    expect(criticalIn(authority.cert)).toEqual([
      [id_ce_basicConstraints, true],
      [id_ce_keyUsage, true],
      [id_ce_nameConstraints, true],
      [id_ce_subjectKeyIdentifier, false],
    ]);
    const { cert } = createCertificate(authority, ADDRESS);
    expect(criticalIn(cert)).toEqual([
      [id_ce_subjectAltName, true],
      [id_ce_keyUsage, true],
      [id_ce_extKeyUsage, false],
      [id_ce_authorityKeyIdentifier, false],
    ]);
    const [ca, leaf] = [new X509Certificate(authority.cert), new X509Certificate(cert)];
    expect([ca.ca, leaf.ca, leaf.keyUsage]).toEqual([true, false, ['1.3.6.1.5.5.7.3.1']]);
  });

  test('begins a day before it was made, for clocks that are behind, and lasts as long as iOS allows', () => {
    const lifeOf = (pem: string): number[] => {
      const { validFrom, validTo } = new X509Certificate(pem);
      return [validFrom, validTo].map((time) =>
        Math.round((Date.parse(time) - Date.now()) / DAY_MS),
      );
    };
    expect(lifeOf(authority.cert)).toEqual([-1, HOST_LIMITS.lanAuthorityMs / DAY_MS]);
    const [from = 0, to = 0] = lifeOf(createCertificate(authority, ADDRESS).cert);
    expect([from, to]).toEqual([-1, HOST_LIMITS.lanCertificateMs / DAY_MS]);
    expect(to - from).toBeLessThanOrEqual(825);
  });

  test('has a number of its own, positive and of at most 20 bytes', () => {
    const numbers = Array.from({ length: 4 }, () => {
      const { cert } = createCertificate(authority, ADDRESS);
      return Buffer.from(structureOf(cert).tbsCertificate.serialNumber);
    });
    expect(new Set(numbers.map(String)).size).toBe(4);
    for (const number of numbers) {
      expect(number.byteLength).toBeLessThanOrEqual(20);
      expect(number[0]).toBeLessThan(0x80);
    }
  });

  test.each([
    ['a comma, quotes and a backslash', 'Ada, "x" <y> + \\z; #'],
    ['other letters', 'Büro 東京'],
    ['the longest host name', `Wingman on ${'h'.repeat(64)}`],
    ['a line’s end', 'a\nCN=b'],
    ['a prefix of its own', 'CN=a'],
  ])('names its issuer as that is called, with %s', (_, name) => {
    const made = createAuthority(name);
    const issuer = new X509Certificate(made.cert);
    const leaf = new X509Certificate(createCertificate(made, ADDRESS).cert);
    expect(leaf.checkIssued(issuer)).toBe(true);
    expect(leaf.verify(issuer.publicKey)).toBe(true);
    const [[attribute] = []] = structureOf(made.cert).tbsCertificate.subject;
    expect(attribute?.value.utf8String).toBe(name.slice(0, 64));
  });
});

describe('the authority’s key', () => {
  /** A certificate that a thief of the key has made for that name. */
  function forged(name: GeneralName): string {
    const structure = structureOf(createCertificate(authority, ADDRESS).cert);
    const { tbsCertificate } = structure;
    const alternative = tbsCertificate.extensions?.find(
      ({ extnID }) => extnID === id_ce_subjectAltName,
    );
    const names = AsnConvert.serialize(new SubjectAlternativeName([name]));
    if (alternative !== undefined) alternative.extnValue = new OctetString(names);
    const tbs = Buffer.from(AsnConvert.serialize(tbsCertificate));
    structure.signatureValue = new Uint8Array(sign('sha256', tbs, authority.key)).buffer;
    // Else what is parsed goes out as it came.
    delete structure.tbsCertificateRaw;
    return new X509Certificate(Buffer.from(AsnConvert.serialize(structure))).toString();
  }

  /** What OpenSSL says of a server's certificate, where the authority is trusted. */
  function judged(cert: string): string {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'leaf.pem'), cert);
    const args = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      'ca.pem',
      'leaf.pem',
    ];
    try {
      return execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }).toString().trim();
    } catch (error) {
      return String((error as { stderr: Buffer }).stderr);
    }
  }

  test('signs for an address of this network', () => {
    expect(judged(forged(new GeneralName({ iPAddress: '10.9.8.7' })))).toBe('leaf.pem: OK');
  });

  test.each([
    ['a name on the Internet', new GeneralName({ dNSName: 'bank.example' })],
    ['an address of IPv6', new GeneralName({ iPAddress: '2001:db8::1' })],
  ])('whoever has it can pass for %s to nobody', (_, name) => {
    const cert = forged(name);
    expect(new X509Certificate(cert).verify(createPublicKey(authority.cert))).toBe(true);
    expect(judged(cert)).toContain('permitted subtree violation');
  });

  test('whoever has a server’s key can sign for nobody', () => {
    const leaf = createCertificate(authority, ADDRESS);
    expect(
      new X509Certificate(createCertificate(leaf, ADDRESS).cert).checkIssued(
        new X509Certificate(leaf.cert),
      ),
    ).toBe(false);
  });
});

describe('the authority that is kept', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = scratchFolder();
    file = join(directory, 'wingman/lan/authority.json');
    mkdirSync(dirname(file), { recursive: true });
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  const keep = (text: string): void => writeFileSync(file, text, { mode: 0o600 });

  test.each<[string, () => string]>([
    ['no text', () => ''],
    ['no object', () => 'null'],
    ['no key', () => JSON.stringify({ cert: authority.cert })],
    ['an empty certificate', () => JSON.stringify({ ...authority, cert: '' })],
    ['a certificate that is none', () => JSON.stringify({ ...authority, cert: 'x' })],
    [
      'half a certificate',
      () => JSON.stringify({ ...authority, cert: authority.cert.slice(0, 300) }),
    ],
    ['a key that is none', () => JSON.stringify({ ...authority, key: 'x' })],
    ['another key', () => JSON.stringify({ ...authority, key: createAuthority('b').key })],
  ])('is not replaced unasked when its file has %s', (_, textOf) => {
    const text = textOf();
    keep(text);
    expect(() => lanCertificate(directory, ADDRESS)).toThrow(
      `${file} is damaged; delete it to get a new one, which phones have to trust anew`,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('is refused when its file is larger than any key', () => {
    keep(JSON.stringify(authority).padEnd(HOST_LIMITS.keyFileBytes + 1));
    expect(() => lanCertificate(directory, ADDRESS)).toThrow(
      expect.objectContaining({ code: 'KEY_UNSAFE' }),
    );
  });

  test('is made anew when this machine’s clock was ahead: phones would not take it yet', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 40 * DAY_MS);
    const early = lanCertificate(directory, ADDRESS);
    clock.mockReturnValue(now);
    const own = lanCertificate(directory, ADDRESS);
    expect(own.authority).not.toBe(early.authority);
    expect(Date.parse(new X509Certificate(own.authority).validFrom)).toBeLessThan(now);
  });

  test('lasts longer than what it signs, up to its last day', () => {
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now);
    const first = lanCertificate(directory, ADDRESS);
    const lastDay = now + HOST_LIMITS.lanAuthorityMs - HOST_LIMITS.lanCertificateMs;
    clock.mockReturnValue(lastDay - 2_000);
    const last = lanCertificate(directory, ADDRESS);
    expect(last.authority).toBe(first.authority);
    const ends = [last.cert, last.authority].map((pem) =>
      Date.parse(new X509Certificate(pem).validTo),
    );
    expect(ends[0]).toBeLessThanOrEqual(ends[1] ?? 0);
    clock.mockReturnValue(lastDay + 1);
    expect(lanCertificate(directory, ADDRESS).authority).not.toBe(first.authority);
  });

  test('is not made, nor its folder, for an address that everybody may have', () => {
    const untouched = scratchFolder();
    const refused = (address: string) => () => lanCertificate(untouched, address);
    for (const address of ['100.64.0.1', '192.169.0.1', '9.255.255.255', '0.0.0.0'])
      expect(refused(address)).toThrow(expect.objectContaining({ code: 'REFUSED' }));
    expect(() => readFileSync(join(untouched, 'wingman'))).toThrow(/ENOENT/);
  });
});
