import { afterEach, describe, expect, test } from '@jest/globals';
import { Link, createLinkKey, respond, type Binding, type ErrorCode } from '@wingman/protocol';
import type { ChannelEnd, P2pWorkerEvent } from '../../src/shared/worker-messages.js';
import { P2pAttacher } from '../../src/worker/p2p-attacher.js';
import { settle } from '../support/fake-clock.js';
import { ChannelHostEnd, FakeDataChannel } from '../support/fake-data-channel.js';
import { eventually } from '../support/linked-host.js';

const KEY = createLinkKey();
const LINK_ID = '0123456789abcdef0123456789abcdef';
const FINGERPRINTS = { local: 'sha-256 AA', remote: 'sha-256 BB' };
const BINDING: Binding = { initiator: 'sha-256 AA', responder: 'sha-256 BB' };

type Told = [attempt: number, event: P2pWorkerEvent, code?: ErrorCode];

const links: Link[] = [];
afterEach(() => links.splice(0).forEach((link) => link.close('LINK_CLOSED')));

function setUp() {
  const link = new Link({ id: LINK_ID, role: 'initiator' });
  links.push(link);
  const told: Told[] = [];
  const attacher = new P2pAttacher({
    key: KEY,
    link: () => link,
    onEvent: (...event) => told.push(event.filter((part) => part !== undefined) as Told),
  });
  const take = (attempt: number): FakeDataChannel => {
    const channel = new FakeDataChannel();
    const end = { kind: 'channel', channel: channel.asChannel } as unknown as ChannelEnd;
    attacher.take(attempt, end);
    return channel;
  };
  return { attacher, link, told, take };
}

/** The host at the other end of a channel, which sees these fingerprints. */
function answer(
  channel: FakeDataChannel,
  key = KEY,
  binding = BINDING,
  host = new Link({ id: LINK_ID, role: 'acceptor' }),
): Promise<Link> {
  links.push(host);
  const options = { key, kind: 'p2p', binding: () => binding } as const;
  return respond(new ChannelHostEnd(channel), options).then((proven) => {
    host.attach(proven.carrier, 'p2p');
    return host;
  });
}

describe('an attempt at a direct path', () => {
  test('opens, proves the key over both fingerprints, and is ready when the host answers', async () => {
    const { attacher, link, told, take } = setUp();
    const channel = take(1);
    attacher.setFingerprints(1, FINGERPRINTS);
    channel.opens();
    expect(told).toEqual([[1, 'open']]);
    attacher.setWay(1, 'p2p');
    await answer(channel);
    await eventually(() => {
      attacher.update();
      return told.length === 2;
    });
    expect(told[1]).toEqual([1, 'ready']);
    expect(link.attachment('p2p')?.isGood).toBe(true);
    attacher.update();
    expect(told).toHaveLength(2);
  });

  test('is attached as the way that ICE has found, and changes when ICE finds another', async () => {
    const { attacher, link, take } = setUp();
    const channel = take(1);
    attacher.setFingerprints(1, FINGERPRINTS);
    channel.opens();
    await answer(channel);
    expect(link.attachment('turn')).toBeUndefined();
    attacher.setWay(1, 'turn');
    await eventually(() => link.attachment('turn')?.isGood === true);
    expect([link.path, link.attachment('p2p')]).toEqual(['turn', undefined]);
    attacher.setWay(1, 'p2p');
    expect([link.path, link.attachment('turn')]).toEqual(['p2p', undefined]);
    attacher.setWay(9, 'turn');
    expect(link.path).toBe('p2p');
  });

  test('fails when the fingerprints are others at the host: somebody sits between', async () => {
    const { attacher, told, take } = setUp();
    const channel = take(1);
    attacher.setFingerprints(1, { ...FINGERPRINTS, remote: 'sha-256 CC' });
    channel.opens();
    await expect(answer(channel)).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    await eventually(() => told.length === 2);
    expect(told[1]?.[1]).toBe('failed');
  });

  test('fails when it has no fingerprints, or they belong to another attempt', async () => {
    const { attacher, told, take } = setUp();
    const channel = take(1);
    attacher.setFingerprints(2, FINGERPRINTS);
    channel.opens();
    await expect(answer(channel)).rejects.toMatchObject({ code: 'HANDSHAKE_FAILED' });
    await eventually(() => told.length === 2);
    expect(told[1]?.[1]).toBe('failed');
  });

  test('fails when the channel ends before it is proved', async () => {
    const { told, take } = setUp();
    const channel = take(3);
    channel.opens();
    channel.ends();
    await settle();
    expect(told).toEqual([
      [3, 'open'],
      [3, 'failed', 'CARRIER_CLOSED'],
    ]);
  });

  test('is lost when the channel ends after it was ready', async () => {
    const { attacher, told, take } = setUp();
    const channel = take(1);
    attacher.setFingerprints(1, FINGERPRINTS);
    attacher.setWay(1, 'p2p');
    channel.opens();
    await answer(channel);
    await eventually(() => {
      attacher.update();
      return told.length === 2;
    });
    channel.ends();
    expect(told[2]).toEqual([1, 'lost', 'CARRIER_CLOSED']);
    attacher.update();
    expect(told).toHaveLength(3);
  });

  test('that the shell gives up closes its channel, and no other', async () => {
    const { attacher, told, take } = setUp();
    const channel = take(1);
    attacher.end(7);
    expect(channel.closes).toBe(0);
    attacher.end(1);
    await settle();
    expect(channel.closes).toBe(1);
    expect(told).toEqual([[1, 'failed', 'CARRIER_CLOSED']]);
    attacher.end(1);
    expect(channel.closes).toBe(1);
  });

  test('ends the one before it', async () => {
    const { told, take } = setUp();
    const first = take(1);
    const second = take(2);
    await settle();
    expect([first.closes, second.closes]).toEqual([1, 0]);
    second.opens();
    expect(told.at(-1)).toEqual([2, 'open']);
  });

  test('leaves one that is ready where it is, until the link has the newer', async () => {
    const { attacher, told, take } = setUp();
    const first = take(1);
    attacher.setFingerprints(1, FINGERPRINTS);
    attacher.setWay(1, 'p2p');
    first.opens();
    const host = await answer(first);
    const ready = (count: number) => () => {
      attacher.update();
      return told.filter(([, event]) => event === 'ready').length === count;
    };
    await eventually(ready(1));
    const second = take(2);
    attacher.setFingerprints(2, FINGERPRINTS);
    attacher.setWay(2, 'p2p');
    attacher.update();
    expect([first.closes, told.at(-1)]).toEqual([0, [1, 'ready']]);
    second.opens();
    await answer(second, KEY, BINDING, host);
    await eventually(ready(2));
    expect([first.closes, second.closes]).toEqual([1, 0]);
    expect(told.slice(-2)).toEqual([
      [1, 'lost', 'CARRIER_CLOSED'],
      [2, 'ready'],
    ]);
  });

  test('may have its channel in the shell', () => {
    const { attacher, told } = setUp();
    const { port1, port2 } = new MessageChannel();
    attacher.take(4, { kind: 'port', port: port1 });
    port1.dispatchEvent(new MessageEvent('message', { data: { kind: 'open' } }));
    expect(told).toEqual([[4, 'open']]);
    attacher.end(4);
    port1.close();
    port2.close();
  });

  test('without any, nothing is to be done', () => {
    const { attacher, told } = setUp();
    attacher.update();
    attacher.end(1);
    attacher.setFingerprints(1, FINGERPRINTS);
    expect(told).toEqual([]);
  });
});
