import { Emitter } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { ExchangeRecord } from './exchange-record.js';

/** What a store keeps at most. */
export interface StoreLimits {
  readonly exchanges: number;
  readonly bytes: number;
}

const STANDARD: StoreLimits = {
  exchanges: HOST_LIMITS.inspectorExchanges,
  bytes: HOST_LIMITS.inspectorBytes,
};

/** The newest exchanges, in memory only. The oldest lose their bodies first, and then go altogether. */
export class RecordStore {
  readonly #records = new Map<number, ExchangeRecord>();
  /** What each was counted with: a record grows while nobody counts. */
  readonly #sizes = new Map<number, number>();
  readonly #changed = new Set<(record: ExchangeRecord) => void>();
  readonly #emptied = new Emitter<'cleared'>();
  #bytes = 0;
  #count = 0;
  /** All older ones have lost their bodies. */
  #oldestWithBodies = 0;

  constructor(private readonly limits: StoreLimits = STANDARD) {}

  /** The number of the next exchange. */
  nextId(): number {
    return ++this.#count;
  }

  /** The number of the newest; 0 when there has been none. */
  get newestId(): number {
    return this.#count;
  }

  /** The memory that all of them take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get all(): ExchangeRecord[] {
    return [...this.#records.values()];
  }

  /** The oldest that is kept; 0 when there is none. */
  get oldestId(): number {
    return this.#records.keys().next().value ?? 0;
  }

  get(id: number): ExchangeRecord | undefined {
    return this.#records.get(id);
  }

  /** Tells each change of a record; returns the function that ends that. */
  onChange(listener: (record: ExchangeRecord) => void): () => void {
    this.#changed.add(listener);
    return () => void this.#changed.delete(listener);
  }

  onClear(listener: () => void): () => void {
    return this.#emptied.on('cleared', listener);
  }

  add(record: ExchangeRecord): void {
    this.#records.set(record.id, record);
    this.touch(record);
  }

  /** A record has changed, and may have grown. One that was forgotten meanwhile is left alone. */
  touch(record: ExchangeRecord): void {
    if (this.#records.get(record.id) !== record) return;
    this.#measure(record);
    this.#trim();
    for (const listener of this.#changed) listener(record);
  }

  clear(): void {
    this.#records.clear();
    this.#sizes.clear();
    this.#bytes = 0;
    this.#emptied.emit('cleared');
  }

  #measure(record: ExchangeRecord): void {
    this.#bytes += record.size - (this.#sizes.get(record.id) ?? 0);
    this.#sizes.set(record.id, record.size);
  }

  #trim(): void {
    while (this.#records.size > this.limits.exchanges) this.#forgetOldest();
    while (this.#bytes > this.limits.bytes && this.#records.size > 1) {
      if (!this.#dropOldestBodies()) this.#forgetOldest();
    }
  }

  /** False when there are none left but those of the newest exchange. */
  #dropOldestBodies(): boolean {
    let id = Math.max(this.#oldestWithBodies, this.oldestId);
    for (; id < this.#count; id++) {
      const record = this.#records.get(id);
      if (record?.hasBodies !== true) continue;
      record.dropBodies();
      this.#measure(record);
      break;
    }
    this.#oldestWithBodies = id;
    return id < this.#count;
  }

  #forgetOldest(): void {
    const id = this.oldestId;
    this.#bytes -= this.#sizes.get(id) ?? 0;
    this.#sizes.delete(id);
    this.#records.delete(id);
  }
}
