import type { CandidatePair, LinkStatus } from '../shared/status.js';
import pillCss from './pill.css';
import { mountPill, type PillActions } from './status-pill.js';

/** The pill in the page; the addresses in use are looked up while somebody looks at them. */
export class PillView {
  readonly #render: ReturnType<typeof mountPill>;
  #isOpen = false;
  #pair: CandidatePair | null = null;
  #last: { status: LinkStatus; isIngress: boolean } | undefined;

  constructor(
    page: Document,
    private readonly candidatePair: () => Promise<CandidatePair | null>,
    actions: Omit<PillActions, 'onOpen'>,
  ) {
    const onOpen = (isOpen: boolean): void => {
      this.#isOpen = isOpen;
      void this.#refreshPair();
    };
    this.#render = mountPill(page, pillCss, { ...actions, onOpen });
  }

  draw(status: LinkStatus, isIngress: boolean): void {
    this.#last = { status, isIngress };
    this.#render({ ...this.#last, pair: this.#pair });
    if (this.#isOpen) void this.#refreshPair();
  }

  async #refreshPair(): Promise<void> {
    const pair = await this.candidatePair();
    if (pair?.local === this.#pair?.local && pair?.remote === this.#pair?.remote) return;
    this.#pair = pair;
    if (this.#last !== undefined) this.#render({ ...this.#last, pair });
  }
}
