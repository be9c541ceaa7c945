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

/** A state that changes by the moves of its table and by nothing else. */
export class StateMachine<State extends string> {
  readonly #table: TransitionTable<State>;
  readonly #onEnter: ((state: State) => void) | undefined;
  #state: State;

  /** `onEnter` runs after each move, when the new state holds already. */
  constructor(table: TransitionTable<State>, initial: State, onEnter?: (state: State) => void) {
    this.#table = table;
    this.#state = initial;
    this.#onEnter = onEnter;
  }

  get state(): State {
    return this.#state;
  }

  /** Moves to another state; false, and nothing has happened, when the table has no such move. */
  transition(next: State): boolean {
    if (!canMove(this.#table, this.#state, next)) return false;
    this.#state = next;
    this.#onEnter?.(next);
    return true;
  }

  /** Moves to another state; INTERNAL when the table has no such move, because only our own mistake leads there. */
  demand(next: State): void {
    if (this.transition(next)) return;
    throw new WingmanError('INTERNAL', `no move from ${this.#state} to ${next}`);
  }
}
