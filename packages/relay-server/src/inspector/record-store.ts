import { Emitter } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { ExchangeRecord } from './exchange-record.js';

/** What a store keeps at most; bytes of heads, and of bodies and messages. */
export interface StoreLimits {
  readonly exchanges: number;
  readonly factBytes: number;
  readonly bodyBytes: number;
}

const STANDARD: StoreLimits = {
  exchanges: HOST_LIMITS.inspectorExchanges,
  factBytes: HOST_LIMITS.inspectorHeadsBytes,
  bodyBytes: HOST_LIMITS.inspectorBodiesBytes,
};

interface Counted {
  readonly record: ExchangeRecord;
  /** What it was counted with: a record grows while nobody counts. */
  factBytes: number;
  bodyBytes: number;
}

/** The newest exchanges, in memory only. The oldest lose their bodies, and later go altogether. */
export class RecordStore {
  readonly #records = new Map<number, Counted>();
  readonly #changed = new Set<(record: ExchangeRecord) => void>();
  readonly #emptied = new Emitter<'cleared'>();
  #factBytes = 0;
  #bodyBytes = 0;
  #count = 0;
  /** Numbers have no gaps, and a map with many deleted entries is slow to find its first one. */
  #oldest = 1;
  /** All older ones have lost their bodies. */
  #oldestWithBodies = 1;

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
    return this.#factBytes + this.#bodyBytes;
  }

  get all(): ExchangeRecord[] {
    return [...this.#records.values()].map(({ record }) => record);
  }

  /** The oldest that is kept; 0 when there is none. */
  get oldestId(): number {
    return this.#records.size === 0 ? 0 : this.#oldest;
  }

  get(id: number): ExchangeRecord | undefined {
    return this.#records.get(id)?.record;
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
    this.#records.set(record.id, { record, factBytes: 0, bodyBytes: 0 });
    this.touch(record);
  }

  /** A record has changed, and may have grown. One that was forgotten meanwhile is left alone. */
  touch(record: ExchangeRecord): void {
    const counted = this.#records.get(record.id);
    if (counted === undefined) return;
    this.#measure(counted);
    this.#trim();
    for (const listener of this.#changed) listener(record);
  }

  clear(): void {
    this.#records.clear();
    this.#oldest = this.#count + 1;
    this.#factBytes = 0;
    this.#bodyBytes = 0;
    this.#emptied.emit('cleared');
  }

  #measure(counted: Counted): void {
    const { factBytes, bodyBytes } = counted.record;
    this.#factBytes += factBytes - counted.factBytes;
    this.#bodyBytes += bodyBytes - counted.bodyBytes;
    counted.factBytes = factBytes;
    counted.bodyBytes = bodyBytes;
  }

  #trim(): void {
    const { exchanges, factBytes, bodyBytes } = this.limits;
    while (this.#bodyBytes > bodyBytes && this.#oldestWithBodies < this.#count) this.#dropBodies();
    while (
      this.#records.size > exchanges ||
      (this.#factBytes > factBytes && this.#records.size > 1)
    )
      this.#forgetOldest();
  }

  /** The newest exchange keeps its own, which are bounded. */
  #dropBodies(): void {
    const counted = this.#records.get(this.#oldestWithBodies++);
    if (counted === undefined) return;
    counted.record.dropBodies();
    this.#measure(counted);
  }

  #forgetOldest(): void {
    const { factBytes = 0, bodyBytes = 0 } = this.#records.get(this.#oldest) ?? {};
    this.#factBytes -= factBytes;
    this.#bodyBytes -= bodyBytes;
    this.#records.delete(this.#oldest++);
  }
}
