import { BaseCarrier, RecordReader, encodeRecord, concatBytes } from '@wingman/protocol';

/** Sends a request whose answer streams; tests pass their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A carrier for the first flight alone: what is sent before `launch` goes to the relay in one POST,
 * on the connection that has just brought the page, and what the host says comes back in its
 * response. It saves the round trips of opening a WebSocket, which replaces it as soon as it is up.
 */
export class FirstFlightCarrier extends BaseCarrier {
  readonly #abort = new AbortController();
  #held: Uint8Array[] = [];
  #launched = false;

  constructor(
    private readonly url: string,
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
  ) {
    super();
  }

  get writable(): boolean {
    return !this.#launched;
  }

  send(message: Uint8Array): void {
    // After the launch nothing more can be sent here: the link sends it again on the WebSocket.
    if (!this.#launched && !this.isClosed) this.#held.push(encodeRecord(message));
  }

  /** Sends what has been kept and reads the answer for as long as it comes. */
  launch(): void {
    if (this.#launched || this.isClosed) return;
    this.#launched = true;
    this.#fly(concatBytes(this.#held)).catch(() => this.closed('the first flight failed'));
    this.#held = [];
  }

  protected shut(): void {
    this.#held = [];
    this.#abort.abort();
  }

  async #fly(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { signal } = this.#abort;
    const response = await this.fetch(this.url, { method: 'POST', body, signal });
    if (!response.ok || response.body === null) return this.closed(`status ${response.status}`);
    const records = new RecordReader();
    const chunks = response.body.getReader();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done) return this.closed('the first flight is over');
      for (const message of records.push(value)) this.receive(message);
    }
  }
}
