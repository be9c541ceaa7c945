import type {
  Clock,
  Place,
  Timer,
  TogetherEvent,
  TogetherMove,
  TogetherPart,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { Member } from './member.js';

/** What becomes of a place that somebody sends. */
export type Verdict = 'told' | 'not-leading' | 'too-often';

type Here = Extract<TogetherEvent, { event: 'here' }>;

/** The tabs that look at one app together. One of them leads at a time; only its latest place is kept, while it leads. */
export class Room {
  readonly #members = new Set<Member>();
  #leader: Member | undefined;
  #place: Place | undefined;
  #told: Here | undefined;
  #timer: Timer | undefined;
  #second = { endsAt: -Infinity, moves: 0 };

  /** `viewers` counts the tabs that have the session open. */
  constructor(
    private readonly viewers: () => number,
    private readonly clock: Clock,
  ) {}

  /** Lets a tab take part, until `leave`; undefined when another one leads, or there is no room. */
  join(part: TogetherPart, opener: string): Member | undefined {
    if (this.#isFull(opener) || (part === 'lead' && this.#leader !== undefined)) return undefined;
    const member = new Member(part, opener);
    this.#members.add(member);
    member.tell({ event: 'welcome', token: member.token });
    if (part === 'lead') this.#leader = member;
    if (part === 'follow' && this.#place !== undefined) {
      member.tell({ event: 'place', place: this.#place });
    }
    this.#told = undefined;
    this.#turn();
    return member;
  }

  /** Takes a tab out; idempotent. */
  leave(member: Member): void {
    member.end();
    if (!this.#members.delete(member)) return;
    if (this.#leader === member) this.#leader = this.#place = undefined;
    this.#turn();
  }

  /** Tells those who follow where the one who leads is. */
  move({ token, place }: TogetherMove): Verdict {
    if (this.#leader?.token !== token) return 'not-leading';
    if (!this.#takesMove()) return 'too-often';
    this.#place = place;
    for (const member of this.#following()) member.tell({ event: 'place', place });
    return 'told';
  }

  #isFull(opener: string): boolean {
    const own = [...this.#members].filter((member) => member.opener === opener);
    const { togetherTabs, togetherTabsPerLink } = HOST_LIMITS;
    return this.#members.size >= togetherTabs || own.length >= togetherTabsPerLink;
  }

  #following(): Member[] {
    return [...this.#members].filter(({ part }) => part === 'follow');
  }

  #takesMove(): boolean {
    const now = this.clock.now();
    if (now >= this.#second.endsAt) this.#second = { endsAt: now + 1_000, moves: 0 };
    this.#second.moves += 1;
    return this.#second.moves <= HOST_LIMITS.togetherMovesPerSecond;
  }

  /** Tells all what has changed. Nothing runs while nobody takes part. */
  #turn(): void {
    this.#timer?.cancel();
    this.#tellWhoIsHere();
    if (this.#members.size === 0) return;
    this.#timer = this.clock.setTimeout(() => this.#turn(), HOST_LIMITS.togetherCountMs);
  }

  #tellWhoIsHere(): void {
    const viewers = this.viewers();
    const isLed = this.#leader !== undefined;
    const here: Here = { event: 'here', viewers, isLed, followers: this.#following().length };
    if (JSON.stringify(here) === JSON.stringify(this.#told)) return;
    this.#told = here;
    for (const member of this.#members) member.tell(here);
  }
}
