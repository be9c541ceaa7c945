import { WingmanError } from '../errors.js';
import { MAX_VARINT } from '../wire/varint.js';

/** How many bytes may still be sent before the reader has taken some. */
export class SendCredit {
  constructor(private bytes: number) {}

  get available(): number {
    return this.bytes;
  }

  spend(bytes: number): void {
    this.bytes -= bytes;
  }

  /** Adds what the reader returned; PROTOCOL_ERROR when the sum would leave the range of exact numbers. */
  grant(bytes: number): void {
    if (bytes === 0 || this.bytes + bytes > MAX_VARINT) {
      throw new WingmanError('PROTOCOL_ERROR', `credit of ${bytes} bytes is not possible`);
    }
    this.bytes += bytes;
  }
}
