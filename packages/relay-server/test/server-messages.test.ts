import { describe, expect, test } from '@jest/globals';
import {
  create,
  DialPurpose,
  IceCandidate,
  newLinkId,
  Offer,
  RejectReason,
  type ReceivedCase,
  type ServerToHost,
  type WingmanError,
} from '@wingman/protocol';
import { ServerMessages, type MessageTargets } from '../src/tunnel/server-messages.js';

const NONCE = Uint8Array.of(1, 2, 3);
const LINK = newLinkId();
const IDENTITY = { session: 'session-name' } as MessageTargets['options']['identity'];

/** Each part of a host notes what it was told. */
function setUp({ isProven = true, hasPlace = true, hasP2p = true, sparesRelay = false } = {}) {
  const log: unknown[] = [];
  const note =
    (name: string) =>
    (...told: unknown[]): void =>
      void log.push([name, ...told]);
  const targets = {
    options: {
      ...{ identity: IDENTITY, p2pTimeoutMs: 5_000, sparesRelay },
    },
    server: () => new URL('https://t.example'),
    keys: {
      admission: {
        admitsRequest: () => isProven,
        admitsOffer: () => isProven,
        nonceFor: () => NONCE,
      },
    },
    commons: {
      candidates: { received: (candidate: IceCandidate) => (note('book')(candidate), candidate) },
      refusals: { add: note('refused') },
    },
    lease: { dialToken: 'token' },
    links: { admits: () => hasPlace, viewerBack: note('back'), viewerLeft: note('left') },
    dialer: { dial: note('dial') },
    p2p: hasP2p ? { offer: note('offer'), candidate: note('candidate') } : undefined,
    send: (message: unknown) => void log.push(message),
    problem: ({ code, message }: WingmanError) => void log.push(['problem', code, message]),
  } as unknown as MessageTargets;
  const messages = new ServerMessages(targets);
  return { log, tell: (message: ReceivedCase<ServerToHost>) => messages.receive(message) };
}

const REQUEST = {
  $case: 'connectionRequest',
  value: { linkId: LINK, proof: new Uint8Array() },
} as ReceivedCase<ServerToHost>;
const rejected = (reason: RejectReason): unknown => ({
  $case: 'connectionReject',
  value: { linkId: LINK, reason },
});

describe('a viewer who wants to connect', () => {
  test.each([true, false])('is accepted, and told whether a direct path is there: %j', (hasP2p) => {
    const { log, tell } = setUp({ hasP2p });
    tell(REQUEST);
    const value = {
      linkId: LINK,
      p2p: hasP2p,
      p2pTimeoutMs: 5_000,
      nonce: NONCE,
      spareRelay: false,
    };
    expect(log).toEqual([['back', LINK], { $case: 'connectionAccept', value }]);
  });

  test('is told that the developer spares the relay', () => {
    const { log, tell } = setUp({ sparesRelay: true });
    tell(REQUEST);
    expect(log[1]).toMatchObject({ $case: 'connectionAccept', value: { spareRelay: true } });
  });

  test('without a proof of the key costs nothing, counts as one, and gets no nonce', () => {
    const { log, tell } = setUp({ isProven: false });
    tell(REQUEST);
    expect(log).toEqual([['refused', 'KEY_MISSING'], rejected(RejectReason.NOT_ADMITTED)]);
  });

  test('for whom there is no place is told so, and counted', () => {
    const { log, tell } = setUp({ hasPlace: false });
    tell(REQUEST);
    expect(log.slice(1)).toEqual([
      ['refused', 'TOO_MANY_VIEWERS'],
      rejected(RejectReason.TOO_MANY_VIEWERS),
    ]);
  });
});

describe('a direct path', () => {
  const offer = create(Offer, { linkId: LINK });
  const candidate = create(IceCandidate, { linkId: LINK, candidate: 'candidate:1' });

  test('is answered when the offer was made with the key', () => {
    const { log, tell } = setUp();
    tell({ $case: 'offer', value: offer });
    expect(log).toEqual([['offer', offer]]);
  });

  test('has no peer connection before a proof', () => {
    const { log, tell } = setUp({ isProven: false });
    tell({ $case: 'offer', value: offer });
    expect(log).toEqual([]);
  });

  test('takes candidates, which are noted on their way', () => {
    const { log, tell } = setUp();
    tell({ $case: 'iceCandidate', value: candidate });
    expect(log).toEqual([
      ['book', candidate],
      ['candidate', candidate],
    ]);
  });

  test('that is switched off takes neither', () => {
    const { log, tell } = setUp({ hasP2p: false });
    tell({ $case: 'offer', value: offer });
    tell({ $case: 'iceCandidate', value: candidate });
    expect(log).toEqual([]);
  });
});

test('a dial-back goes to the server, for the session, with the token of the lease', () => {
  const { log, tell } = setUp();
  tell({ $case: 'dialRequest', value: { purpose: DialPurpose.RELAY } } as never);
  expect(log).toEqual([
    [
      'dial',
      DialPurpose.RELAY,
      { server: new URL('https://t.example'), session: 'session-name', token: 'token' },
    ],
  ]);
});

test('a viewer who has left is told to the links, with the reason', () => {
  const { log, tell } = setUp();
  tell({ $case: 'viewerLeft', value: { linkId: LINK, isForGood: true } } as never);
  expect(log).toEqual([['left', LINK, { linkId: LINK, isForGood: true }]]);
});

test('what a newer server says beyond that harms nobody', () => {
  const { log, tell } = setUp();
  tell(undefined);
  tell({ $case: 'somethingNew', value: {} } as never);
  expect(log).toEqual([]);
});

test('somebody with another key is counted, and the developer is told from where', () => {
  const { log, tell } = setUp();
  tell({ $case: 'wrongKey', value: { clientAddress: '192.0.2.7' } });
  expect(log).toEqual([
    ['refused', 'HANDSHAKE_FAILED'],
    [
      'problem',
      'HANDSHAKE_FAILED',
      'somebody at 192.0.2.7 has a link with another key: they need the present link, as a whole',
    ],
  ]);
});
