import { expect, test } from '@jest/globals';
import { create, IceCandidate, Link, memoryCarrierPair, newLinkId } from '@wingman/protocol';
import { Entrance } from '../../src/entry/entrance.js';
import { CandidateBook } from '../../src/exchange/candidate-book.js';
import type { ServedLink } from '../../src/exchange/local-app.js';
import { ViewerWatch } from '../../src/inspector/viewers.js';
import { HOST_LIMITS } from '../../src/limits.js';
import { FakeClock, settle } from '../support/fake-clock.js';

/** A host with one viewer on the relay, and one link of the ingress. */
async function watched() {
  const clock = new FakeClock();
  const link = new Link({ id: newLinkId(), role: 'acceptor', clock });
  const peer = new Link({ id: link.id, role: 'initiator', clock });
  const [left, right] = memoryCarrierPair();
  peer.attach(left, 'relay');
  link.attach(right, 'relay');
  await settle();
  const entrance = new Entrance();
  entrance.visit('browser', 'Mozilla/5.0 (X11; Linux) Firefox/153.0', '192.0.2.1');
  const whose = { viewer: () => 'browser', address: () => '192.0.2.1' };
  const ingress = new Link({ id: newLinkId(), role: 'acceptor', clock });
  const links = new Map<string, ServedLink>([
    [link.id, { ...whose, link, via: 'viewer' }],
    [ingress.id, { ...whose, link: ingress, via: 'ingress' }],
  ]);
  const candidates = new CandidateBook();
  const viewers = new ViewerWatch(
    () => [{ app: { links }, commons: { candidates, entrance } }],
    clock,
  );
  return { clock, link, peer, links, candidates, viewers };
}

test('a viewer is told with browser, path, carriers and candidates', async () => {
  const { link, candidates, viewers } = await watched();
  const line = 'candidate:1 1 UDP 2122317823 192.0.2.7 40000 typ srflx raddr 0.0.0.0 rport 0';
  candidates.received(create(IceCandidate, { linkId: link.id, candidate: line, sdpMid: '0' }));
  const { viewers: told, visitors } = viewers.state();
  expect(told).toMatchObject([
    {
      ...{ id: link.id, browser: 'Firefox 153 on Linux', address: '192.0.2.1', path: 'relay' },
      ...{ visitor: 1, lanes: [{ kind: 'relay' }] },
      candidates: [{ end: 'viewer', type: 'srflx', protocol: 'udp', address: '192.0.2.7:40000' }],
    },
  ]);
  expect(visitors).toMatchObject([{ number: 1, standing: 'admitted' }]);
});

test('is measured once a second, and ten minutes of it are kept', async () => {
  const { clock, link, peer, viewers } = await watched();
  const count = HOST_LIMITS.inspectorSamples;
  const samples = () => viewers.state().samples[link.id] ?? [];
  clock.advance(HOST_LIMITS.inspectorSampleMs);
  const before = link.stats().bytes.relay.out;
  link.send([new Uint8Array(1_000)]);
  await settle();
  const sent = link.stats().bytes.relay.out - before;
  clock.advance(HOST_LIMITS.inspectorSampleMs);
  expect(samples()).toHaveLength(2);
  expect(samples()[1]).toMatchObject({ path: 'relay' });
  expect(samples()[1]?.down).toBeGreaterThanOrEqual(Math.min(sent, 1_000));
  for (let second = 0; second < count; second++) clock.advance(HOST_LIMITS.inspectorSampleMs);
  expect(samples()).toHaveLength(count);
  viewers.stop();
  peer.close('LINK_CLOSED');
  link.close('LINK_CLOSED');
});

test('whose a link was is known when it has gone', async () => {
  const { clock, link, links, viewers } = await watched();
  const served = links.get(link.id)!;
  clock.advance(HOST_LIMITS.inspectorSampleMs);
  links.clear();
  const visitor = { number: 1, browser: 'Firefox 153 on Linux' };
  expect(viewers.visitorOf(link.id)).toEqual(visitor);
  expect(viewers.visitorOf('another')).toBeUndefined();
  // One that has not been measured yet is looked up.
  links.set('new', { ...served, link: new Link({ id: 'new', role: 'acceptor', clock }) });
  expect(viewers.visitorOf('new')).toEqual(visitor);
  viewers.stop();
});

test('a link that is gone is told no more', async () => {
  const { link, links, viewers } = await watched();
  expect(viewers.rttOf('unknown')).toBeNull();
  links.delete(link.id);
  expect(viewers.state()).toMatchObject({ viewers: [], samples: {} });
});

test('candidates are told once each, of both ends, and not without end', () => {
  const book = new CandidateBook();
  const candidate = (text: string) => create(IceCandidate, { linkId: 'a', candidate: text });
  const line = (port: number) => `candidate:1 1 udp 1 fd00::1 ${port} typ host`;
  book.sent({ $case: 'iceCandidate', value: candidate(line(1)) });
  book.sent({ $case: 'iceCandidate', value: candidate(line(1)) });
  book.received(candidate('not a candidate'));
  expect(book.of('a')).toEqual([
    { end: 'host', type: 'host', protocol: 'udp', address: '[fd00::1]:1' },
  ]);
  for (let port = 2; port < 200; port++) book.received(candidate(line(port)));
  expect(book.of('a')).toHaveLength(HOST_LIMITS.candidatesPerAttempt);
  expect(book.of('b')).toEqual([]);
});
