import { expect, test } from '@jest/globals';
import { Holders } from '../src/sessions/holders.js';

test('those that have something open are added up, and are looked at no more when they have nothing', () => {
  const holders = new Holders();
  let looks = 0;
  const session = {
    isOpen: true,
    get heldBytes() {
      looks += 1;
      return 5;
    },
  };
  holders.add(session);
  holders.add({ heldBytes: 7, isOpen: true });
  expect(holders.heldBytes).toBe(12);
  session.isOpen = false;
  expect(holders.heldBytes).toBe(12);
  expect([holders.heldBytes, looks]).toEqual([7, 2]);
  session.isOpen = true;
  holders.add(session);
  expect(holders.heldBytes).toBe(12);
});
