import {
  deferred,
  systemClock,
  type Clock,
  type HttpResponse,
  type Timer,
} from '@wingman/protocol';
import type { FetchHead } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';

/** A claimed answer and the way to give it up. */
export interface Claim {
  response: Promise<HttpResponse>;
  abort(): void;
}

/** unclaimed → claimed or cancelled: an answer is used once or not at all. */
type PreloadState = 'unsent' | 'unclaimed' | 'claimed' | 'cancelled';

const TRANSITIONS: Readonly<Record<PreloadState, readonly PreloadState[]>> = {
  unsent: ['unclaimed', 'cancelled'],
  unclaimed: ['claimed', 'cancelled'],
  claimed: [],
  cancelled: [],
};

/** The page's own GET, sent before the service worker asks for it. */
export class Preload {
  readonly #abort = new AbortController();
  readonly #settled = deferred<void>();
  #state: PreloadState = 'unsent';
  #response: Promise<HttpResponse> | undefined;
  #deadline: Timer | undefined;

  constructor(
    private readonly head: FetchHead,
    private readonly clock: Clock = systemClock,
  ) {}

  get state(): PreloadState {
    return this.#state;
  }

  /** Sends the request; it is cancelled when nobody claims it in time. */
  send(request: (head: FetchHead, signal: AbortSignal) => Promise<HttpResponse>): void {
    if (!this.#transition('unclaimed')) return;
    this.#settled.resolve();
    this.#response = request(this.head, this.#abort.signal);
    // A failure before the claim means that the claimer sends its own request.
    this.#response.catch(() => this.cancel());
    this.#deadline = this.clock.setTimeout(() => this.cancel(), BROWSER_LIMITS.preloadUnclaimedMs);
  }

  /**
   * The answer, if it is to this request and has not been used. A service worker that runs already
   * may ask while the first flight is still being sealed: then the claim waits for that.
   */
  async claim(head: FetchHead): Promise<Claim | undefined> {
    if (!isSameNavigation(head, this.head)) return undefined;
    await this.#settled.promise;
    if (this.#response === undefined || !this.#transition('claimed')) return undefined;
    this.#deadline?.cancel();
    return { response: this.#response, abort: () => this.#abort.abort() };
  }

  /** The first flight has failed before it took this along. */
  cancelUnsent(): void {
    if (this.#state === 'unsent') this.cancel();
  }

  cancel(): void {
    if (!this.#transition('cancelled')) return;
    this.#settled.resolve();
    this.#deadline?.cancel();
    this.#abort.abort();
  }

  #transition(next: PreloadState): boolean {
    if (!TRANSITIONS[this.#state].includes(next)) return false;
    this.#state = next;
    return true;
  }
}

function isSameNavigation(left: FetchHead, right: FetchHead): boolean {
  return (
    left.method === 'GET' &&
    left.method === right.method &&
    left.target === right.target &&
    left.mode === 'navigate' &&
    left.destination === right.destination
  );
}
