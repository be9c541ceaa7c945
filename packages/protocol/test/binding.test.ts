import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprintOf } from '../src/seal/binding.js';
import { propertyRuns } from './support/property-runs.js';

const SDP = [
  'v=0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=fingerprint:SHA-256 ab:cd:EF:01',
  'a=setup:actpass',
  '',
].join('\r\n');

describe('the fingerprint of a description', () => {
  test('has one spelling, whatever that of the description', () => {
    expect(fingerprintOf(SDP)).toBe('sha-256 AB:CD:EF:01');
    expect(fingerprintOf(SDP.replaceAll('\r\n', '\n'))).toBe('sha-256 AB:CD:EF:01');
  });

  test.each(['sha-256  AB:CD', 'sha-256 AB:CD  ', 'SHA-256   ab:cd\t', 'Sha-256 ab:CD'])(
    'has one spelling in the line “%s”, too',
    (value) => {
      expect(fingerprintOf(`a=fingerprint:${value}\r\n`)).toBe('sha-256 AB:CD');
    },
  );

  test('may be said twice, by session and media', () => {
    const both = SDP.replace('m=', 'a=fingerprint:sha-256 AB:CD:EF:01\r\nm=');
    expect(fingerprintOf(both)).toBe('sha-256 AB:CD:EF:01');
  });

  test.each([
    ['there is none', 'v=0\r\n'],
    ['nothing is there', ''],
    ['one of the media differs', `${SDP}a=fingerprint:sha-256 00:11\r\n`],
    ['one of the session differs', `a=fingerprint:sha-256 00:11\r\n${SDP}`],
    ['a hash differs', `${SDP}a=fingerprint:sha-1 AB:CD:EF:01\r\n`],
    ['one is malformed', `${SDP}a=fingerprint:sha-256 AB:CD:EF:0\r\n`],
    ['one begins with a space', 'a=fingerprint: sha-256 AB:CD\r\n'],
    ['one goes on behind its digits', 'a=fingerprint:sha-256 AB:CD:xy\r\n'],
    ['one has a second word behind its digits', 'a=fingerprint:sha-256 AB:CD EF\r\n'],
    ['one has a character behind its digits', 'a=fingerprint:sha-256 AB:CDE\r\n'],
    ['one has no space', 'a=fingerprint:sha-256AB:CD\r\n'],
    ['one has two words for a hash', 'a=fingerprint:x sha-256 AB:CD\r\n'],
    ['one is empty', `${SDP}a=fingerprint:\r\n`],
    ['another spelling of the line hides one', `${SDP}A=Fingerprint:sha-256 00:11\r\n`],
    ['another end of line hides one', `${SDP}a=x\ra=fingerprint:sha-256 00:11\r\n`],
    ['it is inside another line', 'a=x a=fingerprint:sha-256 00:11\r\n'],
  ])('is unknown when %s', (_, sdp) => {
    expect(fingerprintOf(sdp)).toBeUndefined();
  });

  test('is never that of one line among several that differ, whatever stands around', () => {
    const digits = fc
      .uint8Array({ minLength: 1, maxLength: 32 })
      .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':'));
    const hash = fc.constantFrom('sha-256', 'SHA-256', 'sha-1', 'sha-512');
    const garbage = fc
      .string({ unit: 'binary' })
      .map((text) => text.replace(/[\r\n\u2028\u2029]/g, ''));
    const fingerprint = fc.record({ hash, digits });
    const line = ({ hash: name, digits: hex }: { hash: string; digits: string }): string =>
      `a=fingerprint:${name} ${hex}`;
    const spelling = ({ hash: name, digits: hex }: { hash: string; digits: string }): string =>
      `${name.toLowerCase()} ${hex.toUpperCase()}`;
    const part = fc.oneof(
      fingerprint,
      garbage.map((text) => `a=${text}`).filter((text) => !/^a=fingerprint:/i.test(text)),
    );
    fc.assert(
      fc.property(fc.array(part), fc.constantFrom('\n', '\r\n'), (parts, end) => {
        const sdp = parts
          .map((each) => (typeof each === 'string' ? each : line(each)) + end)
          .join('');
        const said = new Set(
          parts.flatMap((each) => (typeof each === 'string' ? [] : spelling(each))),
        );
        expect(fingerprintOf(sdp)).toBe(said.size === 1 ? [...said][0] : undefined);
      }),
    );
  });

  test('is what an engine could have taken, or unknown, for any text at all', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('a=', 'fingerprint:', 'sha-256', ' ', 'AB', ':', '\r', '\n', '0'), {
          maxLength: 40,
        })
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (sdp) => {
        const found = fingerprintOf(sdp);
        if (found === undefined) return;
        expect(found).toMatch(/^[\w-]+ [0-9A-F]{2}(:[0-9A-F]{2})*$/);
        expect(sdp.toUpperCase()).toContain(found.split(' ')[1]);
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });
});
