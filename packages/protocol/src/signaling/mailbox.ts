import type { Clock } from '../clock.js';

/** How much waits for one peer, and for how long. */
export interface MailboxLimits {
  readonly messages: number;
  readonly bytes: number;
  readonly ms: number;
}

interface Kept<Message> {
  readonly message: Message;
  readonly bytes: number;
  /** On the mailbox's clock. */
  readonly at: number;
}

/**
 * Messages for a peer that is briefly away. A full mailbox takes no more: the first are those without which the later ones say
 * nothing. What has waited for too long is never delivered.
 */
export class Mailbox<Message> {
  #kept: Kept<Message>[] = [];

  constructor(
    private readonly limits: MailboxLimits,
    private readonly clock: Clock,
  ) {}

  /** Keeps a message, of so many bytes, if there is room. */
  put(message: Message, bytes: number): void {
    this.#kept = this.#kept.filter((kept) => this.#isFresh(kept));
    const held = this.#kept.reduce((sum, kept) => sum + kept.bytes, 0);
    const isFull = this.#kept.length >= this.limits.messages || held + bytes > this.limits.bytes;
    if (!isFull) this.#kept.push({ message, bytes, at: this.clock.now() });
  }

  /** Hands out what still counts, in order; afterwards the mailbox is empty. */
  take(): Message[] {
    const fresh = this.#kept.filter((kept) => this.#isFresh(kept));
    this.#kept = [];
    return fresh.map(({ message }) => message);
  }

  #isFresh({ at }: Kept<Message>): boolean {
    return this.clock.now() - at < this.limits.ms;
  }
}
