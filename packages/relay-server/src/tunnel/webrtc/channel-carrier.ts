import { BaseCarrier, LIMITS } from '@wingman/protocol';

/** What a carrier needs of an engine's data channel. */
export interface RawChannel {
  /** Bytes accepted by `send` that haven't left yet. */
  queuedBytes(): number;
  /** May throw once the channel is closed. */
  send(message: Uint8Array): void;
  close(): void;
}

/** An open data channel as a Carrier; the engine's file feeds `deliver`, `lost` and `lowWater`. */
export class ChannelCarrier extends BaseCarrier {
  readonly #channel: RawChannel;
  readonly #onFull: () => void;

  /** `onFull` is called whenever a send leaves the queue above the high-water mark. */
  constructor(channel: RawChannel, onFull: () => void = () => undefined) {
    super();
    this.#channel = channel;
    this.#onFull = onFull;
  }

  get writable(): boolean {
    return !this.isClosed && this.#channel.queuedBytes() < LIMITS.carrierHighWaterBytes;
  }

  send(message: Uint8Array): void {
    if (this.isClosed) return;
    if (message.byteLength > LIMITS.maxMessageBytes) return this.fail(4000, 'message too large');
    try {
      this.#channel.send(message);
    } catch {
      return this.fail(4000, 'the data channel refused a message');
    }
    if (!this.writable) this.#onFull();
  }

  deliver(message: Uint8Array): void {
    this.receive(message);
  }

  lost(reason: string): void {
    this.closed(reason);
  }

  lowWater(): void {
    this.drained();
  }

  protected shut(): void {
    this.#channel.close();
  }
}
