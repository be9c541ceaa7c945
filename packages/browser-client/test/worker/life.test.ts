import { expect, test } from '@jest/globals';
import { choiceOf } from '../../src/worker/life.js';

test.each([
  ['auto', false, 'auto'],
  ['p2p', false, 'p2p'],
  ['relay', false, 'relay'],
  ['auto', true, 'spare'],
  // Whoever wants the direct path by hand has its failures forgiven, and spares the relay anyway.
  ['p2p', true, 'p2p'],
  ['relay', true, 'spare'],
] as const)(
  'who prefers %s, with a relay that is to be spared: %j, has the row %s',
  (preference, sparesRelay, row) => {
    expect(choiceOf({ preference, sparesRelay, isWatched: true })).toBe(row);
  },
);
