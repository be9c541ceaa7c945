import { expect, test } from '@jest/globals';
import { CloseCode, type ServerToHost, type ViewerLeft } from '@wingman/protocol';
import { SERVER_LIMITS } from '../src/limits.js';
import { FakeClock } from './support/fake-clock.js';
import type { FakeHost } from './support/fake-host.js';
import { FakeViewer } from './support/fake-viewer.js';
import { startSession } from './support/server.js';

/** The next so many messages that a viewer has left. */
async function viewersLeft(host: FakeHost, count: number): Promise<ViewerLeft[]> {
  const left: ViewerLeft[] = [];
  while (left.length < count) {
    const item = await host.received.find((one) => one?.$case === 'viewerLeft');
    left.push(item.value);
  }
  return left;
}

/** Passes over what comes before this tab's request, and returns it. */
async function requestOf(host: FakeHost, linkId: string): Promise<ServerToHost['message'][]> {
  const before: ServerToHost['message'][] = [];
  for (;;) {
    const item = await host.received.next();
    if (item?.$case === 'connectionRequest' && item.value.linkId === linkId) return before;
    before.push(item);
  }
}

/** Those that are said to have left before a tab that joins now. */
async function leftMeanwhile(host: FakeHost): Promise<unknown[]> {
  const { linkId } = await FakeViewer.join(host);
  const before = await requestOf(host, linkId);
  return before.filter((item) => item?.$case === 'viewerLeft');
}

test('the host hears of a viewer that leaves, but not of one whose tab reconnects', async () => {
  const { host } = await startSession();
  const first = await FakeViewer.join(host);
  const second = await FakeViewer.join(host, first.linkId);
  expect((await first.client.closed).code).toBe(CloseCode.REPLACED);
  second.client.socket.terminate();
  const left = await host.received.find((item) => item?.$case === 'viewerLeft');
  expect(left.value).toEqual({ linkId: second.linkId, isFinal: false, isPresumed: false });
  expect(host.received.drain().filter((item) => item?.$case === 'viewerLeft')).toEqual([]);
});

test('the host hears of a tab that was closed for good that it will not be back', async () => {
  const { host } = await startSession();
  const viewer = await FakeViewer.join(host);
  viewer.client.socket.close(CloseCode.LEAVING);
  const left = await host.received.find((item) => item?.$case === 'viewerLeft');
  expect(left.value).toEqual({ linkId: viewer.linkId, isFinal: true, isPresumed: false });
});

test('a tab whose browser has closed its socket is presumed gone only if it does not come back', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({}, {}, clock);
  const back = await FakeViewer.join(host);
  const closed = await FakeViewer.join(host);
  for (const { client } of [back, closed]) client.socket.close(CloseCode.GOING_AWAY);
  expect((await viewersLeft(host, 2)).map(({ isFinal }) => isFinal)).toEqual([false, false]);
  await FakeViewer.join(host, back.linkId);
  await requestOf(host, back.linkId);
  clock.advance(SERVER_LIMITS.viewerReturnMs);
  expect(await viewersLeft(host, 1)).toEqual([
    { linkId: closed.linkId, isFinal: false, isPresumed: true },
  ]);
  expect(await leftMeanwhile(host)).toEqual([]);
});

test('one that was frozen is given longer: it may wake into an outage', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({}, {}, clock);
  const frozen = await FakeViewer.join(host);
  const awake = await FakeViewer.join(host);
  frozen.send({ message: { $case: 'tabFrozen', value: {} } });
  for (const { client } of [frozen, awake]) client.socket.close(CloseCode.GOING_AWAY);
  await viewersLeft(host, 2);
  clock.advance(SERVER_LIMITS.viewerReturnMs);
  expect(await viewersLeft(host, 1)).toMatchObject([{ linkId: awake.linkId, isPresumed: true }]);
  clock.advance(SERVER_LIMITS.frozenReturnMs - SERVER_LIMITS.viewerReturnMs - 1);
  expect(await leftMeanwhile(host)).toEqual([]);
  clock.advance(1);
  expect(await viewersLeft(host, 1)).toMatchObject([{ linkId: frozen.linkId, isPresumed: true }]);
});

test('one that comes back and is frozen once more has its time anew', async () => {
  const clock = new FakeClock();
  const { host } = await startSession({}, {}, clock);
  const { frozenReturnMs } = SERVER_LIMITS;
  const tab = await FakeViewer.join(host);
  await freezeAndWake(host, tab);
  clock.advance(frozenReturnMs - 1);
  await freezeAndWake(host, await FakeViewer.join(host, tab.linkId));
  clock.advance(frozenReturnMs - 1);
  expect(await leftMeanwhile(host)).toEqual([]);
  clock.advance(1);
  expect(await viewersLeft(host, 1)).toMatchObject([{ linkId: tab.linkId, isPresumed: true }]);
});

/** What Chromium does to its socket, until the host has heard of it. */
async function freezeAndWake(host: FakeHost, tab: FakeViewer): Promise<void> {
  tab.send({ message: { $case: 'tabFrozen', value: {} } });
  tab.client.socket.close(CloseCode.GOING_AWAY);
  await viewersLeft(host, 1);
}
