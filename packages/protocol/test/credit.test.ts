import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReceiveCredit, SendCredit } from '../src/mux/credit.js';
import { MAX_VARINT } from '../src/wire/varint.js';

const protocolError = (message: string) =>
  expect.objectContaining({ code: 'PROTOCOL_ERROR', message });

describe('credit to send', () => {
  test('is spent and granted', () => {
    const credit = new SendCredit(100);
    credit.spend(70);
    credit.grant(20);
    expect(credit.available).toBe(50);
  });

  test('of nothing is a mistake of the peer', () => {
    const credit = new SendCredit(1);
    expect(() => credit.grant(0)).toThrow(protocolError('credit of 0 bytes is not possible'));
  });

  test('stays within exact numbers', () => {
    const credit = new SendCredit(10);
    credit.grant(MAX_VARINT - 10);
    expect(credit.available).toBe(MAX_VARINT);
    expect(() => credit.grant(1)).toThrow(protocolError('credit of 1 bytes is not possible'));
    expect(credit.available).toBe(MAX_VARINT);
  });
});

describe('credit to receive', () => {
  function receiver(window: number) {
    const given: number[] = [];
    return { given, credit: new ReceiveCredit(window, (bytes) => given.push(bytes)) };
  }

  test('is used up by what comes', () => {
    const { credit } = receiver(100);
    credit.arrived(60);
    credit.arrived(40);
    expect(() => credit.arrived(1)).toThrow(protocolError('sent without credit'));
  });

  test('goes back in portions of an eighth of the window, and may be used again', () => {
    const { credit, given } = receiver(80);
    credit.arrived(80);
    credit.taken(9);
    expect(given).toEqual([]);
    credit.taken(1);
    expect(given).toEqual([10]);
    credit.arrived(10);
    expect(() => credit.arrived(1)).toThrow(protocolError('sent without credit'));
    credit.taken(9);
    expect(given).toEqual([10]);
  });

  test('of a window that may grow is doubled while the reader keeps up, and no further than said', () => {
    const given: number[] = [];
    const credit = new ReceiveCredit(100, (bytes) => given.push(bytes), 350);
    const read = (bytes: number): void => {
      credit.arrived(bytes);
      credit.taken(bytes);
    };
    for (let portion = 0; portion < 4; portion += 1) read(20);
    expect(given).toEqual([20 + 100, 20 + 150, 20, 20]);
    credit.arrived(350);
    expect(() => credit.arrived(1)).toThrow(protocolError('sent without credit'));
  });

  test('of a window that may grow is what was taken where the reader is behind', () => {
    const given: number[] = [];
    const credit = new ReceiveCredit(100, (bytes) => given.push(bytes), 400);
    credit.arrived(100);
    credit.taken(50);
    expect(given).toEqual([50]);
  });

  test('tells what has come and was not taken', () => {
    const { credit } = receiver(100);
    credit.arrived(60);
    credit.arrived(5);
    expect(credit.unread).toBe(65);
    credit.taken(50);
    expect(credit.unread).toBe(15);
  });

  test('the two ends agree, whatever is sent and taken', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 100 }), (sizes) => {
        const sender = new SendCredit(100);
        const credit = new ReceiveCredit(100, (bytes) => sender.grant(bytes));
        let held = 0;
        for (const size of sizes) {
          if (size <= sender.available) {
            sender.spend(size);
            credit.arrived(size);
            held += size;
          } else {
            credit.taken(held);
            held = 0;
          }
        }
        credit.taken(held);
        // What the reader has and hasn't returned is less than half of the window.
        expect(sender.available).toBeGreaterThan(50);
      }),
    );
  });
});
