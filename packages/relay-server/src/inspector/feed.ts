import type { FeedEvent } from '@wingman/inspector';
import type { Response } from 'express';
import { systemClock, type Clock, type Timer } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { RecordStore } from './record-store.js';
import { summaryOf } from './views.js';
import type { ViewerWatch } from './viewers.js';

/** One page that listens. */
interface Listener {
  readonly stream: EventStream;
  /** Exchanges that it has to be told of. */
  readonly due: Set<number>;
  viewersAt: number;
  forgottenBefore: number;
}

/** An answer that goes on: an event stream (HTML, section 9.2). */
export class EventStream {
  constructor(private readonly response: Response) {
    response.status(200).type('text/event-stream').set('cache-control', 'no-store');
    response.flushHeaders();
  }

  get isFull(): boolean {
    return this.response.writableNeedDrain;
  }

  /** Sends a value as JSON. A page that doesn't read is left: it asks for everything when it is back. */
  send(value: object): void {
    if (this.response.writableLength > HOST_LIMITS.inspectorQueueBytes) this.end();
    else this.response.write(`data: ${JSON.stringify(value)}\n\n`);
  }

  end(): void {
    this.response.destroy();
  }

  onClose(listener: () => void): void {
    this.response.once('close', listener);
  }
}

/** Tells the pages what changes: first all there is, then in turns of HOST_LIMITS.inspectorFeedMs. */
export class Feed {
  readonly #listeners = new Set<Listener>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    private readonly store: RecordStore,
    private readonly viewers: ViewerWatch,
    private readonly clock: Clock = systemClock,
  ) {
    store.onChange(({ id }) => {
      for (const { due } of this.#listeners) due.add(id);
    });
    store.onClear(() => {
      for (const listener of this.#listeners) {
        listener.due.clear();
        tell(listener, { event: 'cleared' });
      }
    });
  }

  /** Takes a page; the longest one leaves where there are too many. */
  add(stream: EventStream): void {
    const [longest] = this.#listeners;
    if (this.#listeners.size >= HOST_LIMITS.inspectorPages) longest?.stream.end();
    const due = new Set(this.store.all.map(({ id }) => id));
    const listener = { stream, due, viewersAt: -Infinity, forgottenBefore: this.store.oldestId };
    this.#listeners.add(listener);
    stream.onClose(() => void this.#listeners.delete(listener));
    this.#timer ??= this.#turn();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const { stream } of [...this.#listeners]) stream.end();
  }

  /** Nothing runs while nobody listens. */
  #turn(): Timer | undefined {
    for (const listener of this.#listeners) if (!listener.stream.isFull) this.#tellNews(listener);
    if (this.#listeners.size === 0 || this.#stopped) return undefined;
    return this.clock.setTimeout(() => (this.#timer = this.#turn()), HOST_LIMITS.inspectorFeedMs);
  }

  #tellNews(listener: Listener): void {
    const ids = [...listener.due].slice(0, HOST_LIMITS.inspectorFeedLines);
    for (const id of ids) listener.due.delete(id);
    const records = ids.flatMap((id) => this.store.get(id) ?? []);
    if (records.length > 0) {
      const exchanges = records.map((record) => summaryOf(record, this.viewers.visitorOf));
      tell(listener, { event: 'exchanges', exchanges });
    }
    const { oldestId } = this.store;
    if (oldestId > listener.forgottenBefore) {
      listener.forgottenBefore = oldestId;
      tell(listener, { event: 'forgotten', before: oldestId });
    }
    this.#tellViewers(listener);
  }

  /** All samples at first, and then the newest of each viewer. */
  #tellViewers(listener: Listener): void {
    const now = this.clock.now();
    if (now - listener.viewersAt < HOST_LIMITS.inspectorSampleMs) return;
    const isFirst = listener.viewersAt === -Infinity;
    listener.viewersAt = now;
    const state = this.viewers.state();
    const samples = Object.entries(state.samples).map(([id, all]) => [id, all.slice(-2)] as const);
    tell(listener, {
      event: 'viewers',
      state: isFirst ? state : { ...state, samples: Object.fromEntries(samples) },
    });
  }
}

function tell({ stream }: Listener, event: FeedEvent): void {
  stream.send(event);
}
