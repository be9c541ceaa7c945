import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  authenticate,
  ConnectionRequest,
  create,
  createLinkKey,
  deriveAdmissionKey,
  deriveGateKey,
  newLinkId,
  Offer,
  offerPayload,
  requestPayload,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../src/limits.js';
import { Admission } from '../src/tunnel/admission.js';

const LINK_KEY = createLinkKey();
const SDP = 'v=0';

let key: Uint8Array;
let admission: Admission;

beforeAll(async () => {
  key = await deriveAdmissionKey(LINK_KEY);
  admission = await Admission.create(LINK_KEY);
});

async function request(linkId: string, by = key): Promise<ConnectionRequest> {
  return create(ConnectionRequest, {
    linkId,
    proof: await authenticate(by, requestPayload(linkId)),
  });
}

async function offer(linkId: string, nonce: Uint8Array, by = key): Promise<Offer> {
  const claim = { linkId, attempt: 1, sdp: SDP };
  return create(Offer, { ...claim, proof: await authenticate(by, offerPayload(claim, nonce)) });
}

describe('Admission', () => {
  test('admits the requests of whoever has the link key, and no others', async () => {
    const linkId = newLinkId();
    const valid = await request(linkId);
    expect(admission.admitsRequest(valid)).toBe(true);
    expect(admission.admitsRequest({ ...valid, linkId: newLinkId() })).toBe(false);
    expect(admission.admitsRequest({ ...valid, proof: valid.proof.subarray(1) })).toBe(false);
    expect(admission.admitsRequest(create(ConnectionRequest, { linkId }))).toBe(false);
    // The tunnel server has the gate key: its own requests are not viewers'.
    expect(admission.admitsRequest(await request(linkId, await deriveGateKey(LINK_KEY)))).toBe(
      false,
    );
  });

  test('a malformed link id is refused whatever its proof', async () => {
    expect(admission.admitsRequest(await request('../x'))).toBe(false);
  });

  test('an offer is good once, for the link and with the nonce it was accepted with', async () => {
    const linkId = newLinkId();
    const other = newLinkId();
    const nonce = admission.nonceFor(linkId);
    admission.nonceFor(other);
    const valid = await offer(linkId, nonce);
    expect(admission.admitsOffer({ ...valid, linkId: other })).toBe(false);
    expect(admission.admitsOffer({ ...valid, sdp: 'v=1' })).toBe(false);
    expect(admission.admitsOffer({ ...valid, attempt: 2 })).toBe(false);
    expect(admission.admitsOffer(await offer(linkId, Buffer.alloc(16)))).toBe(false);
    expect(admission.admitsOffer(valid)).toBe(true);
    expect(admission.admitsOffer(valid)).toBe(false);
  });

  test('an offer that was recorded does not fit the next accept', async () => {
    const linkId = newLinkId();
    const recorded = await offer(linkId, admission.nonceFor(linkId));
    expect(admission.admitsOffer(recorded)).toBe(true);
    admission.nonceFor(linkId);
    expect(admission.admitsOffer(recorded)).toBe(false);
  });

  test('either accept of two requests in a row may be answered', async () => {
    const linkId = newLinkId();
    const first = admission.nonceFor(linkId);
    admission.nonceFor(linkId);
    expect(admission.admitsOffer(await offer(linkId, first))).toBe(true);
  });

  test('keeps a bounded number of links, the newest', async () => {
    const oldest = newLinkId();
    const nonce = admission.nonceFor(oldest);
    let newest = oldest;
    for (let index = 0; index < HOST_LIMITS.awaitedOffers; index += 1) {
      newest = newLinkId();
      admission.nonceFor(newest);
    }
    expect(admission.admitsOffer(await offer(oldest, nonce))).toBe(false);
    expect(admission.admitsOffer(await offer(newest, admission.nonceFor(newest)))).toBe(true);
  });
});
