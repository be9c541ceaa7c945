import { WingmanError } from './errors.js';

/** Which state may follow which. */
export type TransitionTable<State extends string> = Readonly<Record<State, readonly State[]>>;

/** Whether the table has such a move. */
function canMove<State extends string>(
  table: TransitionTable<State>,
  from: State,
  to: State,
): boolean {
  return table[from].includes(to);
}

/** A state that changes only by the moves of its table. */
export class StateMachine<State extends string> {
  readonly #table: TransitionTable<State>;
  readonly #onEnter: ((state: State) => void) | undefined;
  #state: State;

  /** `onEnter` runs after each move, when `state` is already the new one. */
  constructor(table: TransitionTable<State>, initial: State, onEnter?: (state: State) => void) {
    this.#table = table;
    this.#state = initial;
    this.#onEnter = onEnter;
  }

  get state(): State {
    return this.#state;
  }

  /** Moves to another state. When the table has no such move, it returns false and changes nothing. */
  transition(next: State): boolean {
    if (!canMove(this.#table, this.#state, next)) return false;
    this.#state = next;
    this.#onEnter?.(next);
    return true;
  }

  /** Moves to another state; INTERNAL when the table has no such move, which only a bug of ours can cause. */
  demand(next: State): void {
    if (this.transition(next)) return;
    throw new WingmanError('INTERNAL', `no move from ${this.#state} to ${next}`);
  }
}
