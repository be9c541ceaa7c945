import { SERVER_LIMITS } from '../limits.js';

/** Counts the exchanges of one session's ingress that are under way. */
export class ExchangeGate {
  #inside = 0;

  get isFull(): boolean {
    return this.#inside >= SERVER_LIMITS.ingressExchanges;
  }

  /** Lets one in; call what it returns when it has ended. */
  enter(): () => void {
    this.#inside += 1;
    return () => {
      this.#inside -= 1;
    };
  }
}
