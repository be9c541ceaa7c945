import { beforeEach, describe, expect, test } from '@jest/globals';
import { create, IceCandidate } from '@wingman/protocol';
import { CandidateBook } from '../src/exchange/candidate-book.js';
import { HOST_LIMITS } from '../src/limits.js';

const LINK = 'link-1';
const line = (address: string, port = 1, type = 'host', transport = 'udp'): string =>
  `candidate:1 1 ${transport} 2113937151 ${address} ${port} typ ${type} generation 0`;
const candidateOf = (candidate: string, linkId = LINK): IceCandidate =>
  create(IceCandidate, { linkId, candidate });

let book: CandidateBook;
beforeEach(() => void (book = new CandidateBook()));

describe('the book of candidates', () => {
  test('has those of both ends, in the order in which they came', () => {
    const viewers = candidateOf(line('192.0.2.1', 5, 'srflx', 'UDP'));
    const own = { $case: 'iceCandidate', value: candidateOf(line('2001:db8::1', 9)) } as const;
    // Both go on as they are.
    expect(book.received(viewers)).toBe(viewers);
    expect(book.sent(own)).toBe(own);
    expect(book.of(LINK)).toEqual([
      { end: 'viewer', type: 'srflx', protocol: 'udp', address: '192.0.2.1:5' },
      { end: 'host', type: 'host', protocol: 'udp', address: '[2001:db8::1]:9' },
    ]);
  });

  test('has each once, however often it comes, but for each end', () => {
    for (let turn = 0; turn < 3; turn++) book.received(candidateOf(line('192.0.2.1')));
    book.sent({ $case: 'iceCandidate', value: candidateOf(line('192.0.2.1')) });
    expect(book.of(LINK).map(({ end }) => end)).toEqual(['viewer', 'host']);
  });

  test.each(['', 'candidate:', 'end-of-candidates', 'candidate:1 1 udp x 192.0.2.1 1 typ host'])(
    'leaves out %j, which is none',
    (text) => {
      book.received(candidateOf(text));
      expect(book.of(LINK)).toEqual([]);
    },
  );

  test('notes nothing of other messages', () => {
    const message = { $case: 'endSession', value: { reason: 0 } } as const;
    expect(book.sent(message as never)).toBe(message);
    expect(book.of(LINK)).toEqual([]);
  });

  test('has links apart, and knows nothing of one that has named none', () => {
    book.received(candidateOf(line('192.0.2.1'), 'a'));
    book.received(candidateOf(line('192.0.2.2'), 'b'));
    expect(book.of('a').map(({ address }) => address)).toEqual(['192.0.2.1:1']);
    expect(book.of('c')).toEqual([]);
  });

  test('has so many of a link, and the first ones stay', () => {
    for (let port = 0; port < HOST_LIMITS.candidatesPerAttempt + 10; port++)
      book.received(candidateOf(line('192.0.2.1', port)));
    const ports = book.of(LINK).map(({ address }) => address);
    expect(ports.length).toBe(HOST_LIMITS.candidatesPerAttempt);
    expect(ports[0]).toBe('192.0.2.1:0');
  });

  test('has so many links, and the oldest goes', () => {
    for (let at = 0; at <= HOST_LIMITS.awaitedOffers; at++)
      book.received(candidateOf(line('192.0.2.1'), `link ${at}`));
    expect([book.of('link 0').length, book.of('link 1').length]).toEqual([0, 1]);
  });
});
