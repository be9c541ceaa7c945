import { BaseCarrier } from '../../src/carrier/base-carrier.js';
import { decodeLinkFrame, type LinkFrame } from '../../src/wire/link-frame.js';

/** A carrier that writes down what is sent on it, and brings what a test gives it. */
export class RecordingCarrier extends BaseCarrier {
  readonly sent: Uint8Array[] = [];
  readonly closes: { code: number; reason: string }[] = [];
  writable = true;

  /** What was sent, as frames of the link layer. */
  get frames(): LinkFrame[] {
    return this.sent.map((message) => decodeLinkFrame(message));
  }

  /** The frames of one type, in order. */
  framesOf<Type extends LinkFrame['type']>(type: Type): Extract<LinkFrame, { type: Type }>[] {
    return this.frames.filter((frame) => frame.type === type) as Extract<
      LinkFrame,
      { type: Type }
    >[];
  }

  send(message: Uint8Array): void {
    if (!this.isClosed) this.sent.push(message);
  }

  /** The other end sends a message. */
  bring(message: Uint8Array): void {
    this.receive(message);
  }

  /** The transport ends by itself. */
  die(reason: string): void {
    this.closed(reason);
  }

  /** There is room again. */
  drain(): void {
    this.writable = true;
    this.drained();
  }

  protected shut(code: number, reason: string): void {
    this.closes.push({ code, reason });
  }
}

/** What a reader of a carrier has been told; its messages are text. */
export function reader() {
  const messages: string[] = [];
  const closes: string[] = [];
  let writable = 0;
  return {
    messages,
    closes,
    writable: () => writable,
    handlers: {
      message: (bytes: Uint8Array) => void messages.push(Buffer.from(bytes).toString()),
      close: (reason: string) => void closes.push(reason),
      writable: () => void (writable += 1),
    },
  };
}
