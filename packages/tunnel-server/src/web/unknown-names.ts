import { SESSION_UNKNOWN, TOO_MANY_NAMES, type Problem } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { NetworkRate } from '../budgets/network-rate.js';
import { SERVER_LIMITS } from '../limits.js';
import { clientAddress, clientNetwork } from './client-identity.js';

/**
 * What requests for names are told that no session has. Whoever guesses names is slowed down: past the limit each guess
 * costs a connection. Names that a session has are not looked at here, so a reviewer behind the same address gets in.
 */
export class UnknownNames {
  readonly #rate = new NetworkRate({
    burst: SERVER_LIMITS.unknownNameBurst,
    burstMs: SERVER_LIMITS.unknownNameBurstMs,
  });

  constructor(
    private readonly trustProxy: boolean,
    private readonly exceeded: () => void,
  ) {}

  /** The problem that a request is told whose name has led nowhere. */
  async meet(req: IncomingMessage, problem: Problem): Promise<Problem> {
    if (problem !== SESSION_UNKNOWN) return problem;
    if (await this.#rate.take(clientNetwork(clientAddress(req, this.trustProxy)))) return problem;
    this.exceeded();
    return TOO_MANY_NAMES;
  }
}
