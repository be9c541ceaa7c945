import {
  create,
  createPass,
  decodeEnvelope,
  deriveGateKey,
  headersFromRaw,
  initiate,
  Link,
  Mux,
  newLinkId,
  request,
  RequestHead,
  ServerToViewer,
} from '@wingman/protocol';
import { WebSocket } from 'ws';
import { linkKeyOf, RelayCarrier } from '../support/relay-viewer.js';
import { within } from '../support/program.js';
import type { Share } from '../support/share.js';

const RETRY_MS = 100;
const JOIN_MS = 5_000;

/** A reviewer's tab without a browser, whose link gets a new carrier whenever it has none. */
export class LastingViewer {
  readonly #share: Share;
  readonly #link = new Link({ id: newLinkId(), role: 'initiator' });
  readonly #mux = new Mux(this.#link);
  readonly #tab = newLinkId();
  readonly #aborted = new AbortController();
  #next = 0;
  #lastByteAt = performance.now();
  #stall = 0;
  #isClosed = false;
  /** What has gone wrong, in words. */
  readonly problems: string[] = [];
  #signaling: WebSocket | undefined;
  /** Carriers that it has had. */
  carriers = 0;
  /** How often the server has asked it to connect anew. */
  moves = 0;
  #uncarriedSince: number | undefined;
  #uncarried = 0;
  posted = 0;

  constructor(share: Share) {
    this.#share = share;
    this.#link.on('state', () => this.#clockGap());
    void this.#keepAttached();
    void this.#signal();
    void this.#listen();
    void this.#post();
  }

  /** Numbers that have arrived. */
  get numbers(): number {
    return this.#next;
  }

  /** Where a POST of it goes, which was the first, second and so on; one may be under way beside those that are `posted`. */
  postTarget(number: number): string {
    return `/once/${this.#link.id}/${number}`;
  }

  /** The longest time without a number since it was asked last, in milliseconds. */
  takeStall(): number {
    const stall = Math.max(this.#stall, performance.now() - this.#lastByteAt);
    this.#stall = 0;
    return stall;
  }

  /** The longest time in which nothing carried its link since it was asked last, in milliseconds. */
  takeUncarried(): number {
    const uncarried = this.#uncarried;
    this.#uncarried = 0;
    return uncarried;
  }

  #clockGap(): void {
    const now = performance.now();
    if (this.#link.state === 'waiting') this.#uncarriedSince ??= now;
    if (this.#link.state !== 'open') return;
    this.#uncarried = Math.max(this.#uncarried, now - (this.#uncarriedSince ?? now));
    this.#uncarriedSince = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#aborted.abort();
    this.#signaling?.terminate();
    this.#link.close('LINK_CLOSED');
  }

  async #keepAttached(): Promise<void> {
    while (!this.#isClosed && this.#link.state !== 'closed') {
      const isAttached = this.#link.attachment('relay')?.isGood === true;
      if (!isAttached) await within(JOIN_MS, 'a carrier', this.#attach()).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (!this.#isClosed) this.problems.push(`the link closed: ${this.#link.closeError?.code}`);
  }

  /** Hears the server, and opens what it has anew when it is asked to, as a tab does. */
  async #signal(): Promise<void> {
    const { host, port } = new URL(this.#share.ready.url);
    const pass = await createPass(await deriveGateKey(linkKeyOf(this.#share)), 'signal', this.#tab);
    const url = `ws://127.0.0.1:${port}/__wingman/signal?tab=${this.#tab}&pass=${pass}`;
    if (this.#isClosed) return;
    const socket = new WebSocket(url, { headers: { host }, perMessageDeflate: false });
    this.#signaling = socket;
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      if (decodeEnvelope(ServerToViewer, data)?.$case !== 'move') return;
      this.moves += 1;
      void within(JOIN_MS, 'a successor', this.#attach()).catch(() => undefined);
      socket.close();
    });
    socket.on('close', () => setTimeout(() => void this.#signal(), RETRY_MS));
  }

  async #attach(): Promise<void> {
    const linkId = this.#link.id;
    const carrier = await RelayCarrier.open(this.#share, { linkId });
    const key = linkKeyOf(this.#share);
    const proven = await initiate(carrier, { key, kind: 'relay', linkId });
    this.#link.attach(proven.carrier, 'relay');
    this.carriers += 1;
  }

  /** Every number has to come, once and in order. */
  async #listen(): Promise<void> {
    let rest = '';
    try {
      const { body } = await this.#ask('GET', '/numbers');
      for await (const chunk of body) {
        this.#stall = Math.max(this.#stall, performance.now() - this.#lastByteAt);
        this.#lastByteAt = performance.now();
        const lines = (rest + Buffer.from(chunk).toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#count(Number(line));
      }
      if (!this.#isClosed) this.problems.push('the stream of numbers ended');
    } catch (error) {
      if (!this.#isClosed) this.problems.push(`the stream of numbers: ${String(error)}`);
    }
  }

  #count(number: number): void {
    if (number !== this.#next) this.problems.push(`${number} came instead of ${this.#next}`);
    this.#next = number + 1;
  }

  /** One after another, each with a number of its own. */
  async #post(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const { head, body } = await this.#ask('POST', this.postTarget(this.posted));
        for await (const chunk of body) void chunk;
        if (head.status !== 200) this.problems.push(`POST ${this.posted}: ${head.status}`);
        this.posted += 1;
      } catch (error) {
        if (this.#isClosed) return;
        this.problems.push(`POST ${this.posted}: ${String(error)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #ask(method: string, target: string): ReturnType<typeof request> {
    const headers = headersFromRaw(['accept', '*/*']);
    const head = create(RequestHead, { method, target, headers });
    return request(this.#mux, head, { signal: this.#aborted.signal });
  }
}
