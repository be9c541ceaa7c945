import { describe, expect, test } from '@jest/globals';
import { WingmanError } from '../src/errors.js';
import { LIMITS } from '../src/limits.js';
import { HandshakeInbox } from '../src/seal/handshake-inbox.js';
import { FakeClock } from './support/fake-clock.js';
import { RecordingCarrier } from './support/recording-carrier.js';

const refused = new WingmanError('HANDSHAKE_FAILED', 'no');

function bench(deadlineMs?: number) {
  const clock = new FakeClock();
  const carrier = new RecordingCarrier();
  const inbox = new HandshakeInbox(carrier, clock, deadlineMs);
  const told: string[] = [];
  const handlers = {
    message: ([first]: Uint8Array) => void told.push(`message ${first}`),
    close: (reason: string) => void told.push(`close ${reason}`),
    writable: () => void told.push('writable'),
  };
  return { clock, carrier, inbox, told, handlers };
}

describe('an inbox', () => {
  test('gives the messages in order, to a reader that came before or after', async () => {
    const { carrier, inbox } = bench();
    carrier.bring(Uint8Array.of(1));
    expect(await inbox.next()).toEqual(Uint8Array.of(1));
    const waiting = inbox.next();
    carrier.bring(Uint8Array.of(2));
    carrier.bring(Uint8Array.of(3));
    expect([await waiting, await inbox.next()]).toEqual([Uint8Array.of(2), Uint8Array.of(3)]);
  });

  test('hands over what has come and what comes', async () => {
    const { clock, carrier, inbox, told, handlers } = bench(1_000);
    carrier.drain();
    carrier.bring(Uint8Array.of(1));
    inbox.handOver(handlers);
    expect(clock.timers).toBe(0);
    carrier.bring(Uint8Array.of(2));
    carrier.drain();
    carrier.die('gone');
    expect(told).toEqual(['message 1', 'message 2', 'writable', 'close gone']);
  });

  test('hands over an end that has come', () => {
    const { carrier, inbox, told, handlers } = bench();
    carrier.bring(Uint8Array.of(1));
    carrier.die('gone');
    inbox.handOver(handlers);
    expect(told).toEqual(['message 1', 'close gone']);
  });

  test('can’t fail once it has handed over, nor twice', async () => {
    const { carrier, inbox, handlers } = bench();
    inbox.handOver(handlers);
    inbox.fail(refused);
    expect(carrier.closes).toEqual([]);
    const other = bench();
    other.inbox.fail(refused);
    other.inbox.fail(new WingmanError('INTERNAL', 'again'));
    expect(other.carrier.closes).toEqual([{ code: 4001, reason: 'HANDSHAKE_FAILED' }]);
    await expect(other.inbox.next()).rejects.toBe(refused);
  });

  test('fails a waiting reader, and has no timer left', async () => {
    const { clock, inbox } = bench(1_000);
    const waiting = inbox.next();
    inbox.fail(refused);
    await expect(waiting).rejects.toBe(refused);
    expect(clock.timers).toBe(0);
  });

  test('keeps no more messages than a handshake needs', async () => {
    const { carrier, inbox } = bench();
    for (let n = 0; n < LIMITS.maxEarlyMessages; n += 1) carrier.bring(Uint8Array.of(n));
    expect(carrier.closes).toEqual([]);
    carrier.bring(Uint8Array.of(0));
    expect(carrier.closes).toEqual([{ code: 4001, reason: 'LIMIT_EXCEEDED' }]);
    for (let n = 0; n < LIMITS.maxEarlyMessages; n += 1) await inbox.next();
    await expect(inbox.next()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'too many messages before the proof',
    });
  });

  test.each([undefined, 1_000])('ends with its carrier, deadline %s', async (deadlineMs) => {
    const { clock, carrier, inbox } = bench(deadlineMs);
    const waiting = inbox.next();
    carrier.die('unplugged');
    await expect(waiting).rejects.toMatchObject({ code: 'CARRIER_CLOSED', message: 'unplugged' });
    await expect(inbox.next()).rejects.toMatchObject({ code: 'CARRIER_CLOSED' });
    expect(clock.timers).toBe(0);
  });

  test('fails at its deadline, with another close code than a refusal', async () => {
    const { clock, carrier, inbox } = bench(1_000);
    const waiting = inbox.next();
    waiting.catch(() => undefined);
    await clock.advance(999);
    expect(carrier.closes).toEqual([]);
    await clock.advance(1);
    await expect(waiting).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'the handshake took too long',
    });
    expect(carrier.closes).toEqual([{ code: 4008, reason: 'TIMEOUT' }]);
  });

  test('without a deadline sets no timer', () => {
    expect([bench().clock.timers, bench(1_000).clock.timers]).toEqual([0, 1]);
  });

  test('a carrier that ends while nobody reads is told to the next reader', async () => {
    const { carrier, inbox } = bench();
    carrier.die('unplugged');
    await expect(inbox.next()).rejects.toMatchObject({ code: 'CARRIER_CLOSED' });
  });
});
