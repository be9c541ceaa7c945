import { BaseCarrier } from '@wingman/protocol';
import type { ChannelLike } from '../../src/worker/channel-carrier.js';

/** A data channel whose other end is the test. */
export class FakeDataChannel {
  readyState: RTCDataChannelState = 'connecting';
  bufferedAmount = 0;
  binaryType = 'blob';
  bufferedAmountLowThreshold = 0;
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onclose: ((event: Event) => unknown) | null = null;
  onbufferedamountlow: ((event: Event) => unknown) | null = null;
  readonly sent: unknown[] = [];
  onSend: ((bytes: Uint8Array) => void) | undefined;
  isFull = false;
  closes = 0;

  send(data: unknown): void {
    if (this.isFull) throw new DOMException('full', 'OperationError');
    this.sent.push(data);
    if (data instanceof Uint8Array) this.onSend?.(data.slice());
  }

  close(): void {
    this.closes += 1;
    this.readyState = 'closed';
  }

  opens(): void {
    this.readyState = 'open';
    this.onopen?.(new Event('open'));
  }

  /** The other side, or the path, has ended it. */
  ends(): void {
    this.readyState = 'closed';
    this.onclose?.(new Event('close'));
  }

  gives(data: unknown): void {
    this.onmessage?.(new MessageEvent('message', { data }));
  }

  get asChannel(): ChannelLike {
    return this;
  }
}

/** The host's end of a fake channel. */
export class ChannelHostEnd extends BaseCarrier {
  readonly writable = true;

  constructor(private readonly channel: FakeDataChannel) {
    super();
    channel.onSend = (bytes) => queueMicrotask(() => this.receive(bytes));
  }

  send(message: Uint8Array): void {
    const copy = message.slice();
    queueMicrotask(() => this.channel.gives(copy.buffer));
  }

  protected shut(): void {
    queueMicrotask(() => this.channel.ends());
  }
}
