import { BaseCarrier, LIMITS } from '@wingman/protocol';
import type { PumpToShell, PumpToWorker } from '../shared/pump-messages.js';
import type { ChannelEvents } from './channel-carrier.js';

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
