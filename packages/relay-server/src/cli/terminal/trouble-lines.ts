import { visibleText } from '@wingman/node-kit';
import type { Clock } from '@wingman/protocol';
import type { RequestReport } from '../../exchange/requests.js';
import { HOST_LIMITS } from '../../limits.js';

/** Tells trouble. The same that comes again and again is told once in HOST_LIMITS.repeatMs. */
export class TroubleLines {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  /** When each text came last, the oldest first. */
  readonly #last = new Map<string, number>();

  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Each time counts, so what never ceases is told once. Control characters are left out. */
  add(text: string): void {
    const now = this.#clock.now();
    const before = this.#last.get(text);
    this.#last.delete(text);
    this.#last.set(text, now);
    const [oldest] = this.#last.keys();
    if (this.#last.size > HOST_LIMITS.repeats && oldest !== undefined) this.#last.delete(oldest);
    if (before === undefined || now - before >= HOST_LIMITS.repeatMs) this.#tell(visibleText(text));
  }

  /** Tells what the developer can do about a request that was refused. */
  refused({ code, port }: Pick<RequestReport, 'code' | 'port'>): void {
    if (code !== 'PORT_NOT_ALLOWED') return;
    this.add(`a page asks for localhost:${port}, which is not shared: --also ${port} shares it`);
  }

  /** The trouble is over: what comes from now on is new. */
  forget(): void {
    this.#last.clear();
  }
}
