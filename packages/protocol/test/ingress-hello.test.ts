import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeMessage } from '../src/exchange/proto-message.js';
import { IngressHello, InitiatorHello } from '../src/gen/wingman/v1/handshake.js';
import { LIMITS } from '../src/limits.js';
import { initiateIngress, respondIngress } from '../src/seal/ingress-hello.js';
import { FakeClock } from './support/fake-clock.js';
import { failed, tagged } from './support/handshake-bench.js';
import { LINK_ID } from './support/linked-pair.js';
import { reader, RecordingCarrier } from './support/recording-carrier.js';

describe('the ingress', () => {
  test('says hello by type and version, and is passed on unsealed', async () => {
    const server = new RecordingCarrier();
    expect(initiateIngress(server, LINK_ID)).toBe(server);
    const [hello] = server.sent;
    expect(hello![0]).toBe(0x04);
    expect(decodeMessage(IngressHello, hello!.subarray(1))).toEqual({
      version: 1,
      linkId: LINK_ID,
    });
    const host = new RecordingCarrier();
    const answer = respondIngress(host);
    host.bring(hello!);
    host.bring(Buffer.from('frame'));
    const { linkId, carrier } = await answer;
    const told = reader();
    carrier.start(told.handlers);
    host.drain();
    host.die('gone');
    expect([linkId, told.messages, told.writable(), told.closes]).toEqual([
      ...[LINK_ID, ['frame'], 1, ['gone']],
    ]);
  });

  test.each<[string, Uint8Array]>([
    ['names no link', tagged(0x04, encodeMessage(IngressHello, { version: 1, linkId: '../x' }))],
    ['is a viewer', tagged(0x02, encodeMessage(InitiatorHello, { linkId: LINK_ID }))],
  ])('is refused when it %s', async (_, message) => {
    const host = new RecordingCarrier();
    const answer = respondIngress(host);
    host.bring(message);
    await expect(answer).rejects.toMatchObject(failed('expected an ingress hello'));
    expect(host.closes).toEqual([{ code: 4001, reason: 'HANDSHAKE_FAILED' }]);
  });

  test.each([
    [{}, LIMITS.handshakeMs],
    [{ deadlineMs: 50 }, 50],
  ])('is waited for no longer than %j allows', async (options, deadlineMs) => {
    const clock = new FakeClock();
    const host = new RecordingCarrier();
    const answer = respondIngress(host, { ...options, clock });
    answer.catch(() => undefined);
    await clock.advance(deadlineMs - 1);
    expect(host.closes).toEqual([]);
    await clock.advance(1);
    await expect(answer).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});
