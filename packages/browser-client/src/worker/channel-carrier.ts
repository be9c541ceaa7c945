import { BaseCarrier, LIMITS } from '@wingman/protocol';
import type { ChannelEnd, PumpToShell, PumpToWorker } from '../shared/worker-messages.js';

/** The part of an RTCDataChannel that is used. */
export type ChannelLike = Pick<
  RTCDataChannel,
  'readyState' | 'bufferedAmount' | 'send' | 'close'
> & {
  binaryType: string;
  bufferedAmountLowThreshold: number;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onclose: ((event: Event) => unknown) | null;
  onbufferedamountlow: ((event: Event) => unknown) | null;
};

export interface ChannelEvents {
  onOpen: () => void;
  /** Called once, however it ends. */
  onEnd: () => void;
}

/** The carrier over what the shell has handed over. */
export function carrierOn(end: ChannelEnd, events: ChannelEvents): BaseCarrier {
  return end.kind === 'channel'
    ? new ChannelCarrier(end.channel, events)
    : new PortCarrier(end.port, events);
}

/** A carrier over an ordered, reliable data channel that lives in this worker. */
export class ChannelCarrier extends BaseCarrier {
  #hasEnded = false;

  constructor(
    private readonly channel: ChannelLike,
    private readonly events: ChannelEvents,
  ) {
    super();
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = LIMITS.carrierLowWaterBytes;
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) this.receive(new Uint8Array(data));
    };
    channel.onclose = () => this.#ended();
    channel.onbufferedamountlow = () => this.drained();
    channel.onopen = () => events.onOpen();
    if (channel.readyState === 'open') queueMicrotask(() => events.onOpen());
  }

  get writable(): boolean {
    return this.channel.bufferedAmount < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    try {
      this.channel.send(message as Uint8Array<ArrayBuffer>);
    } catch {
      // The channel is closing, or its buffer is full although we stay far below the limit. It is unusable in both cases.
      this.fail(0, 'the channel takes no more');
    }
  }

  protected shut(): void {
    this.channel.close();
    this.#tellEnd();
  }

  #ended(): void {
    this.closed('the data channel closed');
    this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.events.onEnd();
  }
}

/**
 * A carrier over a data channel that has to stay in the shell, which pumps its messages. A carrier is asked whether
 * it is writable and holds nothing back itself: so it counts what the channel has buffered, and gives no credit.
 */
export class PortCarrier extends BaseCarrier {
  #buffered = 0;
  #hasEnded = false;

  constructor(
    private readonly port: MessagePort,
    private readonly events: ChannelEvents,
  ) {
    super();
    port.onmessage = (event: MessageEvent<PumpToWorker>) => this.#handle(event.data);
  }

  get writable(): boolean {
    return this.#buffered < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    this.#buffered += message.byteLength;
    // A copy: the link keeps what it sends for a replay.
    this.port.postMessage({ kind: 'send', bytes: message } satisfies PumpToShell);
  }

  protected shut(): void {
    this.port.postMessage({ kind: 'close' } satisfies PumpToShell);
    this.#tellEnd();
  }

  #handle(message: PumpToWorker): void {
    switch (message.kind) {
      case 'open':
        return this.events.onOpen();
      case 'message':
        return this.receive(new Uint8Array(message.bytes));
      case 'sent':
        return this.#sent(message.bytes);
      case 'closed':
        this.closed('the data channel closed');
        return this.#tellEnd();
    }
  }

  #sent(bytes: number): void {
    const wasWritable = this.writable;
    this.#buffered -= bytes;
    if (!wasWritable && this.writable) this.drained();
  }

  #tellEnd(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.port.onmessage = null;
    this.events.onEnd();
  }
}
