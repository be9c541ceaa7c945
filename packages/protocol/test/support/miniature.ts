import { acceptExchanges } from '../../src/exchange/accept-exchanges.js';
import type { IncomingRequest } from '../../src/exchange/incoming-request.js';
import type { IncomingWebSocket } from '../../src/exchange/incoming-websocket.js';
import { openWebSocket } from '../../src/exchange/open-websocket.js';
import { create } from '../../src/exchange/proto-message.js';
import { request } from '../../src/exchange/request.js';
import { RequestHead, ResponseHead, WebSocketOpen } from '../../src/gen/wingman/v1/exchange.js';
import type { Link } from '../../src/link/link.js';
import { Mux } from '../../src/mux/mux.js';
import type { FakeClock } from './fake-clock.js';

const TRANSFER_BYTES = 300_000;
const PIECE_BYTES = 10_000;
const PIECE_MS = 40;
const SMALL = 10;
const COUNTS = 10;
const MESSAGES = 20;

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const word = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A body in which every byte depends on its place. */
const whole = Buffer.from(
  Uint8Array.from({ length: TRANSFER_BYTES }, (_, at) => (Math.imul(at, 0x9e3779b1) >>> 13) & 0xff),
);

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The campaign's app in small: its two ends on two links, and what went wrong between them. */
export class Miniature {
  readonly problems: string[] = [];
  readonly #executed = new Map<string, number>();
  readonly #mux: Mux;

  constructor(
    viewer: Link,
    host: Link,
    private readonly clock: FakeClock,
  ) {
    this.#mux = new Mux(viewer, { unpacksHeads: true });
    acceptExchanges(host, {
      request: (incoming) => void this.#answer(incoming).catch((error) => this.#failed(error)),
      webSocket: (incoming) => void this.#echo(incoming).catch((error) => this.#failed(error)),
    });
  }

  /** Resolves once all of it is done, well or badly. */
  async run(): Promise<void> {
    const jobs: [string, Promise<void>][] = [
      ['download', this.#download()],
      ['upload', this.#upload()],
      ['count', this.#count()],
      ['socket', this.#socket()],
      ...Array.from({ length: SMALL }, (_, n): [string, Promise<void>] => [
        `small ${n}`,
        this.#small(n),
      ]),
    ];
    await Promise.all(
      jobs.map(([name, job]) => job.catch((error) => this.#failed(`${name}: ${String(error)}`))),
    );
    for (const [id, times] of this.#executed) {
      if (times > 1) this.problems.push(`${id} was executed ${times} times`);
    }
  }

  async #answer(incoming: IncomingRequest): Promise<void> {
    const { method, target } = incoming.head;
    if (method === 'POST') this.#executed.set(target, (this.#executed.get(target) ?? 0) + 1);
    const body = await collect(incoming.body);
    incoming.respond(create(ResponseHead, { status: 200, statusText: 'OK', headers: [] }));
    if (target === '/bytes') for await (const part of this.#pieces()) await incoming.write(part);
    else await incoming.write(target === '/upload' ? text(String(body.equals(whole))) : body);
    incoming.end();
  }

  async #echo(incoming: IncomingWebSocket): Promise<void> {
    const socket = incoming.accept({ protocol: '' });
    for (;;) {
      const message = await socket.receive();
      if (typeof message !== 'string') return;
      await socket.send(message);
    }
  }

  async #exchange(method: string, target: string, body?: AsyncIterable<Uint8Array>) {
    const head = create(RequestHead, { method, target, hasBody: body !== undefined });
    const response = await request(this.#mux, head, body === undefined ? {} : { body });
    return collect(response.body);
  }

  async #download(): Promise<void> {
    const received = await this.#exchange('GET', '/bytes');
    if (!received.equals(whole)) this.problems.push(`download: ${received.length} other bytes`);
  }

  async #upload(): Promise<void> {
    const answer = await this.#exchange('POST', '/upload', this.#pieces());
    if (word(answer) !== 'true') this.problems.push('upload: other bytes');
  }

  async #count(): Promise<void> {
    for (let n = 0; n < COUNTS; n += 1) {
      const id = `/count/${n}`;
      await this.#exchange('POST', id);
      if (this.#executed.get(id) !== 1) this.problems.push(`${id} was answered and not executed`);
      await this.#sleep(PIECE_MS);
    }
  }

  async #small(n: number): Promise<void> {
    await this.#sleep(n * PIECE_MS);
    const sent = `small ${n}`;
    const answer = await this.#exchange('PUT', '/small', once(sent));
    if (word(answer) !== sent) this.problems.push(`${sent} came back as ${word(answer)}`);
  }

  async #socket(): Promise<void> {
    const socket = openWebSocket(this.#mux, create(WebSocketOpen, { target: '/ws' }));
    await socket.accepted;
    for (let n = 0; n < MESSAGES; n += 1) {
      await socket.send(String(n));
      const message = await socket.receive();
      if (message !== String(n)) {
        this.problems.push(`WebSocket: ${n} came back as ${JSON.stringify(message)}`);
        return;
      }
      await this.#sleep(PIECE_MS);
    }
    socket.close(1000, 'done');
  }

  async *#pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < TRANSFER_BYTES; at += PIECE_BYTES) {
      yield whole.subarray(at, at + PIECE_BYTES);
      await this.#sleep(PIECE_MS);
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimeout(resolve, milliseconds));
  }

  #failed(error: unknown): void {
    this.problems.push(String(error));
  }
}

async function* once(value: string): AsyncGenerator<Uint8Array> {
  yield text(value);
}
