import { receiveStream } from '@wingman/protocol/ports';

/** The bodies that a running worker sends with its answers: what is cut off by its end must not look whole. */
export class AnswerBodies {
  readonly #underWay = new Set<Promise<void>>();
  readonly #ended = new AbortController();

  get isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  /** The stream that `sendStream` sends at the other end of this port; it fails when the worker ends before it does. */
  receive(port: MessagePort): ReadableStream<Uint8Array> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const sent = receiveStream(port)
      .pipeTo(writable, { signal: this.#ended.signal })
      // Its reader hears of it.
      .catch(() => undefined)
      .finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    return readable;
  }

  /** Resolves when all that are under way have been read to their ends, or given up. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** The worker has ended. */
  end(reason: Error): void {
    this.#ended.abort(reason);
  }
}
