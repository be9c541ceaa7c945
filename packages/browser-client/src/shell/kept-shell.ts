import type { ProblemCode } from '@wingman/protocol';
import { isMarked, KEPT_MARK } from '../shared/shell-api.js';
import type { ServiceWorkerHost } from './service-worker-host.js';

/** Problems that only a shell of an earlier visit may have: it may know another session, or speak an older protocol. */
const DOUBTFUL: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'SESSION_UNKNOWN',
  'SESSION_ENDED',
  'HANDSHAKE_FAILED',
]);

/** Has the server asked when a shell that the service worker has kept leads nowhere. */
export class KeptShell {
  #isKept: boolean;

  constructor(
    private readonly tab: Window,
    private readonly parts: { readonly serviceWorker: Pick<ServiceWorkerHost, 'has'> | undefined },
    /** The server can't be asked: the problem stands. */
    private readonly onProblem: (code: ProblemCode) => void,
  ) {
    this.#isKept = isMarked(tab.document, KEPT_MARK);
  }

  /** Takes a problem of a link that was never up; false when the server has nothing to add. */
  doubts(code: ProblemCode | null): boolean {
    if (!this.#isKept || code === null || !DOUBTFUL.has(code)) return false;
    this.#isKept = false;
    void this.#ask(code);
    return true;
  }

  /** Loads the tab anew once the service worker keeps no shell: a kept one would lead to the same problem for ever. */
  async #ask(code: ProblemCode): Promise<void> {
    const isGone = await this.parts.serviceWorker?.has({ kind: 'forget-shell' });
    if (isGone === true) this.tab.location.reload();
    else this.onProblem(code);
  }
}
