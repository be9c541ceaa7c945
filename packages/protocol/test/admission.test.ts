import { expect, test } from '@jest/globals';
import { createHmac, hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import {
  authenticate,
  createIngressToken,
  createPass,
  deriveAdmissionKey,
  deriveGateKey,
  deriveIngressKey,
  ingressCookiePayload,
  ingressTokenPayload,
  offerPayload,
  passPayload,
  requestPayload,
  signedUrlPayload,
  type OfferClaim,
} from '../src/seal/admission.js';
import { derivePortLinkKey, importLinkKey } from '../src/seal/link-key.js';
import { toHex } from '../src/wire/bytes.js';

const LINK_KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const LINK = '0123456789abcdef0123456789abcdef';

function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

/** The same by another implementation (RFC 5869). */
function hkdf(label: string): string {
  return Buffer.from(hkdfSync('sha256', LINK_KEY, '', `wingman v1 ${label}`, 32)).toString('hex');
}

test('gate and admission key are those of RFC 5869, and differ', async () => {
  expect(toHex(await deriveGateKey(LINK_KEY))).toBe(hkdf('gate'));
  expect(toHex(await deriveAdmissionKey(LINK_KEY))).toBe(hkdf('admission'));
});

test('a link key that can only be used derives the same, and nobody reads it', async () => {
  const hidden = await importLinkKey(LINK_KEY);
  expect(hidden.extractable).toBe(false);
  expect(await importLinkKey(hidden)).toBe(hidden);
  expect(toHex(await deriveGateKey(hidden))).toBe(hkdf('gate'));
});

test('the link key of a port is half a secret, as long as any, and each port has another', async () => {
  expect(toHex(await derivePortLinkKey(LINK_KEY, 8080))).toBe(hkdf('port 8080').slice(0, 32));
  expect(toHex(await derivePortLinkKey(LINK_KEY, 808))).not.toBe(hkdf('port 8080').slice(0, 32));
});

test('a pass is the HMAC of its door and id', async () => {
  const gate = await deriveGateKey(LINK_KEY);
  const payload = `wingman-pass-v1\0relay\0${LINK}`;
  const expected = createHmac('sha256', gate).update(payload).digest('base64url');
  expect(await createPass(gate, 'relay', LINK)).toBe(expected);
  expect(await createPass(gate, 'signal', LINK)).not.toBe(expected);
});

test('a proof is HMAC-SHA-256', async () => {
  const key = await deriveAdmissionKey(LINK_KEY);
  const expected = createHmac('sha256', key).update(requestPayload(LINK)).digest();
  expect(Buffer.from(await authenticate(key, requestPayload(LINK)))).toEqual(expected);
});

test('the token for plain HTTP is the HMAC of its session, by a key of its own', async () => {
  const key = await deriveIngressKey(LINK_KEY);
  expect(toHex(key)).toBe(hkdf('ingress'));
  const payload = 'wingman-ingress-token-v1\0abc.example.org';
  const expected = createHmac('sha256', key).update(payload).digest('base64url');
  expect(await createIngressToken(LINK_KEY, 'abc.example.org')).toBe(expected);
});

test('tokens, cookies and signed URLs for plain HTTP have names of their own', () => {
  const session = 'abc.example.org';
  expect(text(ingressTokenPayload(session))).toBe(`wingman-ingress-token-v1\0${session}`);
  expect(text(ingressCookiePayload(session, 'until=9'))).toBe(
    `wingman-ingress-cookie-v1\0${session}\0until=9`,
  );
  expect(text(signedUrlPayload(session, 'until=9'))).toBe(
    `wingman-ingress-url-v1\0${session}\0until=9`,
  );
});

test('what is proved is a name of its use, then the parts, with a zero byte between', () => {
  expect(text(requestPayload(LINK))).toBe(`wingman-request-v1\0${LINK}`);
  const nonce = Uint8Array.of(0, 255);
  expect(text(offerPayload({ linkId: LINK, attempt: 12, sdp: 'v=0' }, nonce))).toBe(
    `wingman-offer-v1\0${LINK}\x0012\x0000ff\0v=0`,
  );
});

test('two claims have the same payload only when they are the same', () => {
  const claim = fc.record({
    linkId: fc.constantFrom(LINK, 'f'.repeat(32)),
    attempt: fc.nat({ max: 300 }),
    sdp: fc.string({ unit: fc.constantFrom('a', '\0', '1', '\n') }),
    nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  });
  const payload = ({ nonce, ...rest }: OfferClaim & { nonce: Uint8Array }): string =>
    toHex(offerPayload(rest, nonce));
  fc.assert(
    fc.property(claim, claim, (one, two) => {
      const isSame =
        one.linkId === two.linkId &&
        one.attempt === two.attempt &&
        one.sdp === two.sdp &&
        toHex(one.nonce) === toHex(two.nonce);
      return (payload(one) === payload(two)) === isSame;
    }),
  );
  const payloads = [requestPayload(LINK), passPayload('relay', LINK), passPayload('signal', LINK)];
  expect(new Set(payloads.map(toHex)).size).toBe(3);
});
