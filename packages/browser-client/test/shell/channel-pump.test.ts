import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LIMITS } from '@wingman/protocol';
import type { PumpToShell, PumpToWorker } from '../../src/shared/worker-messages.js';
import { pumpChannel } from '../../src/shell/webrtc-utils.js';
import { eventually } from '../support/linked-host.js';

/** A data channel that does what the test says. */
class FakeChannel {
  binaryType = 'blob';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly sent: number[][] = [];
  closes = 0;
  isBroken = false;

  send(bytes: Uint8Array): void {
    if (this.isBroken) throw new DOMException('not open', 'InvalidStateError');
    this.sent.push([...bytes]);
  }

  close(): void {
    this.closes += 1;
  }
}

let channel: FakeChannel;
let port: MessagePort;
let heard: PumpToWorker[];

beforeEach(() => {
  channel = new FakeChannel();
  port = pumpChannel(channel as unknown as RTCDataChannel);
  heard = [];
  port.onmessage = ({ data }: MessageEvent<PumpToWorker>) => heard.push(data);
});

afterEach(() => port.close());

const say = (message: PumpToShell): void => port.postMessage(message);

describe('a pumped data channel', () => {
  test('tells of its opening, of what comes in, and of its end, in order', async () => {
    channel.onopen?.();
    channel.onmessage?.({ data: Uint8Array.of(1, 2).buffer });
    channel.onmessage?.({ data: 'text is not ours' });
    channel.onclose?.();
    await eventually(() => heard.length === 3);
    expect(heard.map(({ kind }) => kind)).toEqual(['open', 'message', 'closed']);
    const [, message] = heard;
    expect(message?.kind === 'message' && [...new Uint8Array(message.bytes)]).toEqual([1, 2]);
  });

  test('takes binary messages, and says at the low mark that there is room', () => {
    expect(channel.binaryType).toBe('arraybuffer');
    expect(channel.bufferedAmountLowThreshold).toBe(LIMITS.carrierLowWaterBytes);
  });

  test('says how much has left, at once while there is room', async () => {
    say({ kind: 'send', bytes: Uint8Array.of(1, 2, 3) });
    await eventually(() => heard.length === 1);
    expect(channel.sent).toEqual([[1, 2, 3]]);
    expect(heard).toEqual([{ kind: 'sent', bytes: 3 }]);
  });

  test('says how much has left in one sum when the queue is down again', async () => {
    channel.bufferedAmount = LIMITS.carrierLowWaterBytes + 1;
    say({ kind: 'send', bytes: new Uint8Array(10) });
    say({ kind: 'send', bytes: new Uint8Array(5) });
    await eventually(() => channel.sent.length === 2);
    expect(heard).toEqual([]);
    channel.onbufferedamountlow?.();
    channel.onbufferedamountlow?.();
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([{ kind: 'sent', bytes: 15 }]);
  });

  test('is closed when the worker says so', async () => {
    say({ kind: 'close' });
    await eventually(() => channel.closes === 1);
  });

  test('is closed when it can’t send, and claims nothing of that message', async () => {
    channel.isBroken = true;
    say({ kind: 'send', bytes: new Uint8Array(10) });
    await eventually(() => channel.closes === 1);
    expect(heard).toEqual([]);
  });
});
