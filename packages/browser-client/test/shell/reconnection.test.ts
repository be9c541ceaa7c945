import { expect, test } from '@jest/globals';
import { NO_LINK } from '../../src/shared/status.js';
import { Reconnection } from '../../src/shell/reconnection.js';

function setUp() {
  const done: string[] = [];
  const reconnection = new Reconnection(() => ({
    signaling: {
      connect: () => done.push('connect'),
      move: () => done.push('another signaling'),
      probe: () => done.push('probe'),
    },
    tunnel: { renewRelay: () => done.push('another relay'), wake: () => done.push('wake') },
    p2p: {
      heard: (isAnswering) => done.push(isAnswering ? 'answers' : 'silent'),
      retryNow: () => done.push('retry'),
    },
  }));
  return { done, reconnection };
}

test.each([
  [true, true, ['answers']],
  [true, false, ['silent']],
  [false, true, ['probe', 'answers']],
  [false, false, ['probe', 'silent']],
])('relay %s, direct path %s: %j', (relayConnected, directConnected, expected) => {
  const { done, reconnection } = setUp();
  reconnection.hear({ ...NO_LINK, relayConnected: true, directConnected: true });
  reconnection.hear({ ...NO_LINK, relayConnected, directConnected });
  expect(done.slice(1)).toEqual(expected);
});

test('a relay that has never answered makes nobody doubt signaling: the tab is only just loading', () => {
  const { done, reconnection } = setUp();
  reconnection.hear(NO_LINK);
  reconnection.hear(NO_LINK);
  expect(done).toEqual(['silent', 'silent']);
});

test('a doubt asks signaling and both paths, and tries no direct path that rests', () => {
  const { done, reconnection } = setUp();
  reconnection.doubt();
  expect(done).toEqual(['connect', 'wake']);
  reconnection.retry();
  expect(done.slice(2)).toEqual(['connect', 'wake', 'retry']);
});

test('when the server asks for it, relay and signaling get successors', () => {
  const { done, reconnection } = setUp();
  reconnection.move();
  expect(done).toEqual(['another relay', 'another signaling']);
});

test('before the tunnel has begun there is nothing to ask', () => {
  const nothing = { signaling: undefined, tunnel: undefined, p2p: undefined };
  const reconnection = new Reconnection(() => nothing);
  expect(() => {
    reconnection.hear(NO_LINK);
    reconnection.retry();
  }).not.toThrow();
});
