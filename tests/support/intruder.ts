import { initiate, type Carrier } from '@wingman/protocol';
import { decodeLinkFrame, encodeLinkFrame } from '../../packages/protocol/src/wire/link-frame.js';
import { within } from './program.js';
import { linkKeyOf, RelayCarrier, type RelayOptions } from './relay-viewer.js';
import type { Share } from './share.js';

const DEADLINE_MS = 15_000;
const AT_ONCE = 100;

export const ATTACH = encodeLinkFrame({ type: 'attach', received: 0, incarnation: 1 });
export const PING = encodeLinkFrame({ type: 'ping', nonce: 1 });

/** A frame of the mux on a link. */
export const data = (sequence: number, payload: Uint8Array): Uint8Array =>
  encodeLinkFrame({ type: 'data', sequence, payload });

/** Somebody with the link key who proves it, and then says to the host whatever they like. */
export class Intruder {
  /** The types of the link's frames that the host has sent, in order. */
  readonly heard: string[] = [];
  /** Payloads of the host's numbered frames. */
  readonly payloads: Uint8Array[] = [];
  readonly #ended: Promise<string>;

  private constructor(
    readonly carrier: RelayCarrier,
    private readonly sealed: Carrier,
  ) {
    this.#ended = new Promise((resolve) => {
      sealed.start({
        message: (bytes) => this.#hear(bytes, resolve),
        close: resolve,
        writable: () => undefined,
      });
    });
  }

  static async join(share: Pick<Share, 'ready'>, options: RelayOptions = {}): Promise<Intruder> {
    const carrier = await RelayCarrier.open(share, options);
    const { linkId } = carrier;
    const proven = await initiate(carrier, { key: linkKeyOf(share), kind: 'relay', linkId });
    return new Intruder(carrier, proven.carrier);
  }

  send(...messages: readonly Uint8Array[]): void {
    for (const message of messages) this.sealed.send(message);
  }

  /** Sends many messages. This process, in which the app and the neighbour's visits run, has to keep breathing. */
  async pour(messages: readonly Uint8Array[]): Promise<void> {
    for (let start = 0; start < messages.length; start += AT_ONCE) {
      this.send(...messages.slice(start, start + AT_ONCE));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The code with which the host has closed the link, or the reason why the carrier has ended. */
  ended(milliseconds = DEADLINE_MS): Promise<string> {
    return within(milliseconds, 'the end', this.#ended);
  }

  leave(): void {
    this.carrier.terminate();
  }

  #hear(bytes: Uint8Array, resolve: (outcome: string) => void): void {
    const frame = decodeLinkFrame(bytes);
    this.heard.push(frame.type);
    if (frame.type === 'data') this.payloads.push(frame.payload);
    if (frame.type === 'close') resolve(frame.code);
  }
}
