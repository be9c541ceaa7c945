import type { TogetherEvent, TogetherPart } from '@wingman/protocol';
import { TOGETHER_LIMITS } from '../shared/limits.js';
import type { FollowedFrame } from './api.js';
import { Connection } from './connection.js';
import { Following } from './following.js';
import { Leading } from './leading.js';

/** Who is here, as the host has said it last. */
export type Here = Extract<TogetherEvent, { event: 'here' }>;

/** What this tab does together with others. It begins with nothing, and each part ends the one before. */
export class Together {
  here: Here | undefined;
  /** The status with which the host has refused the last part. */
  refusal: number | undefined;
  /** Whether somebody has the pill's details open. */
  isLookedAt = false;
  /** Called when something has changed that is in sight. */
  onChange: () => void = () => undefined;
  #connection: Connection | undefined;
  #following: Following | undefined;
  /** The place that was sent last, as text. */
  #sent: string | undefined;
  #turns: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly page: Document,
    private readonly frame: FollowedFrame,
  ) {}

  get part(): TogetherPart | undefined {
    return this.#connection?.part;
  }

  get pointer(): ReturnType<() => Following['pointer']> {
    return this.#following?.pointer;
  }

  /** Ends what others notice. Who looks at the details goes on seeing who is here. */
  stop(): void {
    this.take(this.isLookedAt ? 'watch' : undefined);
  }

  /** Takes a part, or none. */
  take(part: TogetherPart | undefined): void {
    this.#end();
    this.refusal = undefined;
    if (part !== undefined) this.#begin(part);
    this.onChange();
  }

  #begin(part: TogetherPart): void {
    const connection = new Connection(part, {
      heard: (event) => {
        if (this.#connection === connection) this.#hear(event);
      },
      refused: (status) => {
        if (this.#connection === connection) this.#refused(status);
      },
    });
    this.#connection = connection;
    const { origin } = new URL(this.page.URL);
    if (part === 'follow') this.#following = new Following(this.frame, origin);
    this.#turns = setInterval(this.#turnOf(connection), TOGETHER_LIMITS.turnMs);
  }

  #end(): void {
    clearInterval(this.#turns);
    this.#connection?.end();
    this.#connection = this.#following = undefined;
  }

  #hear(event: TogetherEvent): void {
    // The host knows of no place from before.
    if (event.event === 'welcome') this.#sent = undefined;
    if (event.event === 'here') this.here = event;
    if (event.event === 'place') this.#following?.follow(event.place);
    this.onChange();
  }

  #refused(status: number): void {
    this.#end();
    this.refusal = status;
    this.onChange();
  }

  /** What is done ten times a second. One message is under way at a time, so a slow path has fewer. */
  #turnOf(connection: Connection): () => void {
    const leading = connection.part === 'lead' ? new Leading(this.frame) : undefined;
    let isBusy = false;
    return () => {
      // The session is over in this tab.
      if (this.page.getElementById('wingman-app') === null) return this.take(undefined);
      this.#following?.keepUp();
      if (this.#following !== undefined) this.onChange();
      const place = leading?.place;
      const text = JSON.stringify(place);
      if (place === undefined || isBusy || text === this.#sent || !connection.isWelcome) return;
      isBusy = true;
      this.#sent = text;
      void connection.send(place).finally(() => (isBusy = false));
    };
  }
}
