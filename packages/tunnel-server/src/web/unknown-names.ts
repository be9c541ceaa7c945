import { SESSION_UNKNOWN, TOO_MANY_NAMES, type Problem } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { NetworkRate, type SharedCounts } from '../budgets/network-rate.js';
import { SERVER_LIMITS } from '../limits.js';
import { clientAddress, clientNetwork } from './client-identity.js';

export interface UnknownNameOptions {
  readonly trustProxy: boolean;
  /** Where all nodes count; undefined: this one is alone. */
  readonly counts: SharedCounts | undefined;
  /** A request was refused. */
  readonly exceeded: () => void;
}

/**
 * What requests for names are told that no session has. Whoever guesses names is slowed down: past the limit each guess
 * costs a connection. Names that a session has are not looked at here, so a reviewer behind the same address gets in.
 */
export class UnknownNames {
  readonly #options: UnknownNameOptions;
  readonly #rate: NetworkRate;

  constructor(options: UnknownNameOptions) {
    const { unknownNameBurst: burst, unknownNameBurstMs: burstMs } = SERVER_LIMITS;
    this.#options = options;
    this.#rate = new NetworkRate({ what: 'unknown-names', burst, burstMs }, options.counts);
  }

  /** The problem that a request is told whose name has led nowhere. */
  async meet(req: IncomingMessage, problem: Problem): Promise<Problem> {
    if (problem !== SESSION_UNKNOWN) return problem;
    const { exceeded, trustProxy } = this.#options;
    if (await this.#rate.take(clientNetwork(clientAddress(req, trustProxy)))) return problem;
    exceeded();
    return TOO_MANY_NAMES;
  }
}
