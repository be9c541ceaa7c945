import { expect, test } from '@jest/globals';
import { ExchangeObservers, systemClock, type ExchangeEnd } from '@wingman/protocol';
import { RefusalCount } from '../src/exchange/refusal-count.js';
import { requestHead } from './support/tunnel.js';

/** What is counted after exchanges that ended like this. */
function countOf(...ends: ExchangeEnd[]): object {
  const count = new RefusalCount();
  const observers = new ExchangeObservers(undefined, systemClock);
  observers.add(count.observer);
  for (const end of ends) {
    const asked = requestHead({ target: '/' });
    observers.begin({ kind: 'http', link: 'viewer', asked, path: () => 'relay' }).end(end);
  }
  return count.all;
}

test('refused exchanges are counted by code, the most frequent first', () => {
  const counted = countOf(
    { outcome: 'refused', code: 'LIMIT_EXCEEDED' },
    { outcome: 'refused', code: 'KEY_NEEDED' },
    { outcome: 'refused', code: 'KEY_NEEDED' },
  );
  expect(Object.entries(counted)).toEqual([
    ['KEY_NEEDED', 2],
    ['LIMIT_EXCEEDED', 1],
  ]);
});

test('so are exchanges that a limit cuts off, and those of somebody who was removed', () => {
  expect(
    countOf(
      { outcome: 'aborted', code: 'LIMIT_EXCEEDED', by: 'app' },
      { outcome: 'aborted', code: 'TIMEOUT', by: 'app' },
      { outcome: 'aborted', code: 'VISITOR_REFUSED', by: 'host' },
    ),
  ).toEqual({ LIMIT_EXCEEDED: 1, TIMEOUT: 1, VISITOR_REFUSED: 1 });
});

test('an answer, a cancelled request and a lost link are no refusals', () => {
  expect(
    countOf(
      { outcome: 'complete' },
      { outcome: 'aborted', code: 'CANCELLED', by: 'opener' },
      { outcome: 'aborted', code: 'LINK_LOST', by: 'link' },
    ),
  ).toEqual({});
});
