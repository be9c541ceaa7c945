import type { Carrier, CarrierHandlers } from '../carrier/carrier.js';
import { CloseCode } from '../errors.js';

/**
 * Encrypts every message with AES-256-GCM. The nonce is the message's number in its direction. So a message that was
 * dropped, repeated, moved or changed fails to open and ends the carrier.
 *
 * WebCrypto works asynchronously. A chain of promises in each direction keeps the order.
 */
export class SealedCarrier implements Carrier {
  #sent = 0;
  #opened = 0;
  #sealing: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();
  #handlers: CarrierHandlers | undefined;
  #early: Uint8Array[] = [];
  #ended: string | undefined;
  #sealingBytes = 0;
  #closed = false;

  /** `below` must already be started. Its messages come in through `receive`. */
  constructor(
    private readonly below: Carrier,
    private readonly sendKey: CryptoKey,
    private readonly receiveKey: CryptoKey,
  ) {}

  get writable(): boolean {
    return this.below.writable && this.#sealingBytes < MAX_SEALING_BYTES;
  }

  send(message: Uint8Array): void {
    if (this.#closed) return;
    const iv = nonceFor(this.#sent);
    this.#sent += 1;
    this.#sealingBytes += message.byteLength;
    const sealed = crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.sendKey, plain(message));
    this.#sealing = this.#sealing.then(async () => {
      const bytes = new Uint8Array(await sealed);
      const wasWritable = this.writable;
      this.#sealingBytes -= message.byteLength;
      this.below.send(bytes);
      if (!wasWritable && this.writable) this.#handlers?.writable();
    });
  }

  /** Resolves when everything sent so far has been handed to the carrier below. */
  flushed(): Promise<void> {
    return this.#sealing;
  }

  start(handlers: CarrierHandlers): void {
    this.#handlers = handlers;
    for (const message of this.#early.splice(0)) handlers.message(message);
    if (this.#ended !== undefined && !this.#closed) handlers.close(this.#ended);
  }

  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    // What was sent before the close goes out before it.
    this.#sealing = this.#sealing.then(() => this.below.close(code, reason));
  }

  /** A sealed message has come. */
  receive(message: Uint8Array): void {
    const iv = nonceFor(this.#opened);
    this.#opened += 1;
    const opened = crypto.subtle.decrypt({ name: 'AES-GCM', iv }, this.receiveKey, plain(message));
    opened.catch(() => undefined);
    this.#opening = this.#opening.then(() =>
      opened.then(
        (plaintext) => this.#deliver(new Uint8Array(plaintext)),
        () => this.#broken(),
      ),
    );
  }

  /** The carrier below has ended; what came before is delivered first. */
  end(reason: string): void {
    this.#opening = this.#opening.then(() => this.#end(reason));
  }

  /** The carrier below is writable again. */
  drained(): void {
    if (this.writable) this.#handlers?.writable();
  }

  #deliver(message: Uint8Array): void {
    if (this.#closed || this.#ended !== undefined) return;
    if (this.#handlers === undefined) this.#early.push(message);
    else this.#handlers.message(message);
  }

  #broken(): void {
    if (this.#closed || this.#ended !== undefined) return;
    this.below.close(CloseCode.PROTOCOL, 'a message did not open');
    this.#end('a message did not open');
  }

  #end(reason: string): void {
    if (this.#closed || this.#ended !== undefined) return;
    this.#ended = reason;
    this.#handlers?.close(reason);
  }
}

/** Bytes that WebCrypto may be encrypting before the carrier counts as full: enough to keep WebCrypto busy. */
const MAX_SEALING_BYTES = 512 * 1024;

/** 96 bits: four zero bytes and the message's number, big-endian. */
function nonceFor(sequence: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(sequence));
  return nonce;
}

/** WebCrypto's types demand memory that is not shared. Messages never are in shared memory. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
