import { StateMachine, type TransitionTable } from '@wingman/protocol';

/**
 * new: has not shown what is asked for. waiting: the developer has been asked. admitted: is let in.
 * refused: was turned away by the developer, or removed.
 */
export type Standing = 'new' | 'waiting' | 'admitted' | 'refused';

const TRANSITIONS: TransitionTable<Standing> = {
  new: ['waiting', 'admitted', 'refused'],
  // Back to new: gone without an answer.
  waiting: ['admitted', 'refused', 'new'],
  admitted: ['refused'],
  // The developer may think better of it.
  refused: ['admitted'],
};

/** What a developer is told of a visitor. The id isn't in it, because whoever knows it can pass for the visitor. */
export interface VisitorInfo {
  /** Counts up from 1 in the life of a host. */
  readonly number: number;
  /** What the browser says it is, such as `Firefox 153 on Linux`; visible ASCII only. */
  readonly browser: string;
  readonly standing: Standing;
  /** The IP address that it has come from last, as the server says. */
  readonly address?: string;
}

/** How the last try at the passphrase went. */
export type PassphraseNews = 'untried' | 'wrong' | 'limited' | 'right';

/** A reviewer's browser as the host remembers it; its tabs are one visitor. */
export class Visitor {
  readonly browser: string;
  news: PassphraseNews = 'untried';
  address: string | undefined;
  /** When it last asked for anything, and since when it waits, in milliseconds of the host's clock. */
  seenAt = 0;
  waitsSince = 0;
  readonly #machine: StateMachine<Standing>;
  /** Each ends an exchange that is under way. */
  readonly #exchanges = new Set<() => void>();

  constructor(
    readonly number: number,
    userAgent: string,
    changed: (visitor: Visitor) => void,
  ) {
    this.browser = browserName(userAgent);
    this.#machine = new StateMachine<Standing>(TRANSITIONS, 'new', (standing) => {
      if (standing === 'refused') for (const end of [...this.#exchanges]) end();
      changed(this);
    });
  }

  get standing(): Standing {
    return this.#machine.state;
  }

  get info(): VisitorInfo {
    const { address, number, browser, standing } = this;
    return { number, browser, standing, ...(address !== undefined && { address }) };
  }

  get knowsPassphrase(): boolean {
    return this.news === 'right';
  }

  /** Whether an exchange of the visitor is under way. */
  get isBusy(): boolean {
    return this.#exchanges.size > 0;
  }

  /** Calls `end` when the visitor is turned away; returns the function that takes this back. */
  bind(end: () => void): () => void {
    this.#exchanges.add(end);
    return () => this.#exchanges.delete(end);
  }

  /** Gives the visitor another standing; false when that can't follow the present one. */
  become(standing: Standing): boolean {
    return this.#machine.transition(standing);
  }
}

/** Each says it is those after it, too. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/Edg\w*\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Chrome\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).* Safari/, 'Safari'],
];
const SYSTEMS = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'CrOS', 'Linux'];
const UNKNOWN_CHARS = 40;

/** A short name for a User-Agent. It goes to a terminal, so nothing in it may be a control character. */
export function browserName(userAgent: string): string {
  const plain = userAgent.replace(/[^\x20-\x7e]/g, '');
  const system = SYSTEMS.find((name) => plain.includes(name));
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(plain)?.[1];
    if (version !== undefined) return `${name} ${version}${system ? ` on ${system}` : ''}`;
  }
  return plain.slice(0, UNKNOWN_CHARS) || 'unknown browser';
}
