import { TOGETHER_TARGET, type TogetherEvent, type TogetherMove } from '@wingman/protocol';
import { setGlobal } from './dom.js';

/** The host's answers to those who take part, in place of the network. */
export class TogetherHost {
  /** What was asked for: `as=…`, once for each stream. */
  readonly asked: string[] = [];
  readonly moves: TogetherMove[] = [];
  /** With which the next streams are refused. */
  status = 200;
  /** Streams that are open. */
  open = 0;
  /** What ends the wait of the moves that are under way. */
  release: (() => void) | undefined;
  isSlow = false;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    setGlobal('fetch', (url: string, init: RequestInit) => this.#answer(url, init));
  }

  tell(event: TogetherEvent): void {
    this.send(`data: ${JSON.stringify(event)}\n\n`);
  }

  send(text: string): void {
    this.#stream?.enqueue(new TextEncoder().encode(text));
  }

  /** The stream breaks off. */
  breakOff(): void {
    this.#stream?.error(new TypeError('network'));
    this.open -= 1;
  }

  async #answer(url: string, { method, body, signal }: RequestInit): Promise<Response> {
    if (method === 'POST') {
      this.moves.push(JSON.parse(body as string) as TogetherMove);
      if (this.isSlow) await new Promise<void>((resolve) => (this.release = resolve));
      return new Response();
    }
    this.asked.push(url.slice(TOGETHER_TARGET.length + 1));
    if (this.status !== 200) return new Response(null, { status: this.status });
    this.open += 1;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
        signal?.addEventListener('abort', () => {
          this.open -= 1;
          controller.error(signal.reason);
        });
      },
    });
    return new Response(stream);
  }
}
