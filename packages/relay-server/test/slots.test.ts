import { expect, test } from '@jest/globals';
import { Slots } from '../src/proxy/slots.js';

const never = new AbortController().signal;

test('places are given in order, and back', async () => {
  const slots = new Slots(1);
  await slots.take(never);
  const order: string[] = [];
  const first = slots.take(never).then(() => order.push('first'));
  const second = slots.take(never).then(() => order.push('second'));
  slots.release();
  await first;
  expect(order).toEqual(['first']);
  slots.release();
  await second;
  slots.release();
  await slots.take(never);
});

test('who is aborted leaves the line', async () => {
  const slots = new Slots(1);
  await slots.take(never);
  const abort = new AbortController();
  const gone = slots.take(abort.signal);
  const next = slots.take(never);
  abort.abort();
  await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
  slots.release();
  await next;
  await expect(slots.take(abort.signal)).rejects.toMatchObject({ code: 'CANCELLED' });
});
