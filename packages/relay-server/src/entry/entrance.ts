import { EventEmitter } from 'node:events';
import { systemClock, toWingmanError, type Clock, type WingmanError } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import { GuessLimit } from './guess-limit.js';
import { Passphrase } from './passphrase.js';
import type { Answer, RememberedAnswers } from './remembered-answers.js';
import { Visitor, type VisitorInfo } from './visitor.js';

/** What a visitor needs besides the link key. */
export interface EntryRules {
  /** What visitors have to type. */
  readonly passphrase?: string | undefined;
  /** Whether the developer lets each visitor in by hand. */
  readonly asksDeveloper?: boolean;
  /** What the developer has said to earlier hosts of this name. */
  readonly answers?: RememberedAnswers | undefined;
}

interface EntranceEvents {
  /** A visitor has another standing. */
  visitor: [VisitorInfo];
  /** A visitor has tried a passphrase that isn't the right one; all together have tried `wrong` of them. */
  'wrong-passphrase': [{ visitor: VisitorInfo; wrong: number }];
  /** What the developer has said can't be kept for the next host. */
  problem: [WingmanError];
}

/**
 * How an exchange of a visitor is met. untried, wrong, limited: by the form for the passphrase, with the news of the
 * last try. full: more visitors want in than the host keeps in mind. lapsed: the developer has not answered.
 */
export type EntryVerdict =
  'admitted' | 'untried' | 'wrong' | 'limited' | 'waiting' | 'lapsed' | 'refused' | 'full';

/** Whom the host lets in, of all who have the link key. Visitors are known by their id. */
export class Entrance extends EventEmitter<EntranceEvents> {
  /** While it is set nobody is let in, and who is in can ask for nothing new. */
  isPaused = false;
  readonly #passphrase: Passphrase | undefined;
  readonly #asksDeveloper: boolean;
  readonly #answers: RememberedAnswers | undefined;
  readonly #clock: Clock;
  readonly #guesses: GuessLimit;
  /** By id, the one that was seen last at the end. */
  readonly #visitors = new Map<string, Visitor>();
  readonly #tries = { right: 0, wrong: 0, limited: 0 };
  #lastNumber = 0;

  constructor(
    { passphrase, asksDeveloper = false, answers }: EntryRules = {},
    clock: Clock = systemClock,
  ) {
    super();
    this.#passphrase = passphrase === undefined ? undefined : new Passphrase(passphrase);
    this.#asksDeveloper = asksDeveloper;
    this.#answers = answers;
    this.#clock = clock;
    this.#guesses = new GuessLimit(HOST_LIMITS.passphraseGuesses, clock);
  }

  get asksPassphrase(): boolean {
    return this.#passphrase !== undefined;
  }

  /** Whether the link key alone lets in. */
  get isOpen(): boolean {
    return this.#passphrase === undefined && !this.#asksDeveloper;
  }

  /** Passphrases tried so far; the limited ones were not looked at, because too many came. */
  get tries(): Readonly<{ right: number; wrong: number; limited: number }> {
    return this.#tries;
  }

  /** All visitors, in the order in which they came. */
  get visitors(): VisitorInfo[] {
    this.#forgetSilent();
    const infos = [...this.#visitors.values()].map(({ info }) => info);
    return infos.sort((one, other) => one.number - other.number);
  }

  /** The visitor with an id; undefined for one who has not come yet. */
  visitorOf(id: string): VisitorInfo | undefined {
    return this.#visitors.get(id)?.info;
  }

  /** Those who wait for the developer, the longest first. */
  get waiting(): VisitorInfo[] {
    const waiting = this.#forgetSilent();
    return waiting.sort((a, b) => a.waitsSince - b.waitsSince).map(({ info }) => info);
  }

  /** How a visitor is met who asks for something. */
  visit(id: string, userAgent: string, address?: string): EntryVerdict {
    const visitor = this.#find(id, userAgent);
    if (visitor === undefined) return 'full';
    visitor.address = address ?? visitor.address;
    if (visitor.standing === 'waiting' && this.#hasLapsed(visitor)) {
      visitor.become('new');
      return 'lapsed';
    }
    return visitor.standing === 'new' ? this.#meetNew(id, visitor) : visitor.standing;
  }

  /** Takes what a visitor has typed; `visit` tells what came of it. */
  async tryPassphrase(id: string, guess: string): Promise<void> {
    const visitor = this.#visitors.get(id);
    if (visitor === undefined || this.#passphrase === undefined || visitor.knowsPassphrase) return;
    const news = this.#guesses.take(id) ? await this.#check(guess) : 'limited';
    this.#tries[news]++;
    if (news === 'wrong')
      this.emit('wrong-passphrase', { visitor: visitor.info, wrong: this.#tries.wrong });
    // Another tab of the same browser may have had it right meanwhile.
    if (!visitor.knowsPassphrase) visitor.news = news;
  }

  /** Lets in a visitor who waits or was refused; false when the number is nobody's like that. */
  accept(number: number): boolean {
    return this.#answer(number, 'admitted');
  }

  /** Turns a visitor away for good; false when the number is nobody's, or already turned away. */
  refuse(number: number): boolean {
    return this.#answer(number, 'refused');
  }

  /** Calls `end` when the visitor of an exchange is turned away; returns the function that takes this back. */
  bind(id: string, end: () => void): () => void {
    return this.#visitors.get(id)?.bind(end) ?? (() => undefined);
  }

  /** Gives a visitor the standing that the developer has said, and keeps what was said; false when that can't be. */
  #answer(number: number, answer: Answer): boolean {
    const [id, visitor] =
      [...this.#visitors].find(([, visitor]) => visitor.number === number) ?? [];
    if (id === undefined || visitor === undefined) return false;
    // Nobody is let in who hasn't shown what is asked for.
    if (answer === 'admitted' && visitor.standing === 'new') return false;
    if (!visitor.become(answer)) return false;
    try {
      this.#answers?.keep(id, answer);
    } catch (error) {
      this.emit('problem', toWingmanError(error, 'INTERNAL'));
    }
    return true;
  }

  #meetNew(id: string, visitor: Visitor): EntryVerdict {
    const answer = this.#answers?.of(id);
    if (answer === 'refused') {
      visitor.become('refused');
      return 'refused';
    }
    const { news } = visitor;
    if (this.#passphrase !== undefined && news !== 'right') return news;
    if (!this.#asksDeveloper || answer === 'admitted') {
      visitor.become('admitted');
      return 'admitted';
    }
    if (this.#forgetSilent().length >= HOST_LIMITS.waitingVisitors) return 'full';
    visitor.waitsSince = this.#clock.now();
    visitor.become('waiting');
    return 'waiting';
  }

  async #check(guess: string): Promise<'right' | 'wrong' | 'limited'> {
    try {
      return (await this.#passphrase?.matches(guess)) === true ? 'right' : 'wrong';
    } catch (error) {
      if (toWingmanError(error, 'INTERNAL').code === 'LIMIT_EXCEEDED') return 'limited';
      throw error;
    }
  }

  /** The visitor, remembered from now on; undefined when there is no room for another. */
  #find(id: string, userAgent: string): Visitor | undefined {
    const known = this.#visitors.get(id);
    if (known === undefined && !this.#makeRoom()) return undefined;
    const visitor = known ?? this.#create(userAgent);
    visitor.seenAt = this.#clock.now();
    this.#visitors.delete(id);
    this.#visitors.set(id, visitor);
    return visitor;
  }

  #create(userAgent: string): Visitor {
    return new Visitor(
      ++this.#lastNumber,
      userAgent,
      ({ info }) => void this.emit('visitor', info),
    );
  }

  /** Forgets somebody when too many are remembered: strangers first, and nobody who has to stay out. */
  #makeRoom(): boolean {
    if (this.#visitors.size < HOST_LIMITS.visitors) return true;
    const all = [...this.#visitors];
    const [id] =
      all.find(([, { standing }]) => standing === 'new') ??
      all.find(([, { standing, isBusy }]) => standing === 'admitted' && !isBusy) ??
      [];
    return id !== undefined && this.#visitors.delete(id);
  }

  /** Those who wait, without those who don't ask any more. */
  #forgetSilent(): Visitor[] {
    const since = this.#clock.now() - HOST_LIMITS.waitingSilenceMs;
    const waiting = [...this.#visitors.values()].filter(({ standing }) => standing === 'waiting');
    for (const visitor of waiting) if (visitor.seenAt < since) visitor.become('new');
    return waiting.filter(({ standing }) => standing === 'waiting');
  }

  #hasLapsed({ waitsSince }: Visitor): boolean {
    return this.#clock.now() - waitsSince >= HOST_LIMITS.approvalMs;
  }
}
