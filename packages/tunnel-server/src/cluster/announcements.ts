import type { Clock, Timer } from '@wingman/protocol';
import type { Logger } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import type { Announcement, Bulletin } from './bulletin.js';

export interface AnnouncementOptions {
  readonly bulletin: Bulletin;
  /** Where the others reach this node. */
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** What this node denies by its own list. */
  own(): readonly string[];
  /** What the others deny, all together, whenever that changes. */
  heard(denied: readonly string[]): void;
}

/** Says what this node denies, and knows what the others have said last: also when Redis is away, or has forgotten it. */
export class Announcements {
  readonly #options: AnnouncementOptions;
  readonly #others = new Map<string, { at: number; said: Announcement }>();
  #denied = '';
  #hasHeard = false;
  #hasWarned = false;
  #isClosed = false;
  #timer: Timer | undefined;

  constructor(options: AnnouncementOptions) {
    this.#options = options;
    this.#tick();
  }

  /** Where the other nodes are reached that have not said that they stop; undefined while nothing was heard yet. */
  get nodes(): string[] | undefined {
    if (!this.#hasHeard) return undefined;
    return [...this.#others].filter(([, { said }]) => !said.isGone).map(([node]) => node);
  }

  /** Hears what the others say now. While nobody can be asked, what they have said last holds. */
  async hear(): Promise<void> {
    await this.#exchange().catch(() => undefined);
  }

  /** Says that this node stops. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#say(true).catch(() => undefined);
  }

  #tick(): void {
    const { announceMs, directoryRetryMs } = SERVER_LIMITS;
    // A node that has just started may not have reached Redis yet, and nobody knows it until then.
    const waitMs = this.#hasHeard ? announceMs : directoryRetryMs;
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), waitMs);
    // What can't be said now is said at the next turn.
    void this.hear();
  }

  async #exchange(): Promise<void> {
    const others = await this.#say(false);
    if (this.#isClosed) return;
    this.#hasHeard = true;
    const at = this.#options.clock.now();
    for (const [node, said] of others) this.#others.set(node, { at, said });
    for (const [node, known] of this.#others) {
      if (at - known.at >= SERVER_LIMITS.announcementMs) this.#others.delete(node);
    }
    this.#tell();
  }

  #tell(): void {
    const all = [...this.#others.values()].flatMap(({ said }) => said.denied);
    const denied = [...new Set(all)].sort();
    const text = denied.join('\n');
    if (text === this.#denied) return;
    this.#denied = text;
    this.#options.heard(denied);
  }

  #say(isGone: boolean): ReturnType<Bulletin['exchange']> {
    const { bulletin, node } = this.#options;
    return bulletin.exchange(node, { denied: this.#own(), isGone });
  }

  /** What is beyond the bound holds at this node alone. */
  #own(): readonly string[] {
    const own = this.#options.own();
    const { announcedEntries } = SERVER_LIMITS;
    if (own.length > announcedEntries && !this.#hasWarned) {
      this.#options.logger.warn(
        { entries: own.length, announcedEntries },
        'the deny list is too long: the other nodes learn its beginning only',
      );
      this.#hasWarned = true;
    }
    return own.slice(0, announcedEntries);
  }
}
