import {
  deferred,
  StateMachine,
  systemClock,
  WingmanError,
  type Clock,
  type HttpResponse,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import { pushesBefore, type FetchHead } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import type { SendRequest } from './serve-fetch.js';

/** A claimed answer and the way to give it up. */
export interface Claim {
  response: Promise<HttpResponse>;
  abort(): void;
}

type EarlyRequest = (head: FetchHead, signal: AbortSignal) => Promise<HttpResponse>;

/** A sent request can only be claimed. One that was not sent can be cancelled, and is asked for anew. */
type PreloadState = 'unsent' | 'unclaimed' | 'claimed' | 'cancelled';

const TRANSITIONS: TransitionTable<PreloadState> = {
  unsent: ['unclaimed', 'cancelled'],
  unclaimed: ['claimed'],
  claimed: [],
  cancelled: [],
};

/** A GET that is sent before the service worker asks for it: the tab's first page, and the stream of what is pushed for it. */
export class Preload {
  readonly #abort = new AbortController();
  readonly #settled = deferred<void>();
  readonly #machine = new StateMachine(TRANSITIONS, 'unsent');
  #response: Promise<HttpResponse> | undefined;
  #deadline: Timer | undefined;

  constructor(
    private readonly head: FetchHead,
    private readonly clock: Clock = systemClock,
  ) {}

  get state(): PreloadState {
    return this.#machine.state;
  }

  /** Sends the request; it is given up when nobody claims it in time. */
  send(request: EarlyRequest): void {
    if (!this.#machine.transition('unclaimed')) return;
    this.#settled.resolve();
    this.#response = request(this.head, this.#abort.signal);
    // The claimer is told of a failure.
    this.#response.catch(() => undefined);
    this.#deadline = this.clock.setTimeout(() => this.#expire(), BROWSER_LIMITS.preloadUnclaimedMs);
  }

  /**
   * The answer, if it is to this request and has not been used; also one that has failed, because the
   * app may have seen the request and must not see it again unless a person wants that. A service worker that runs already
   * may ask while the first flight is still being sealed: then the claim waits for that.
   */
  async claim(head: FetchHead): Promise<Claim | undefined> {
    if (!isSameGet(head, this.head)) return undefined;
    await this.#settled.promise;
    if (this.#response === undefined || !this.#machine.transition('claimed')) return undefined;
    this.#deadline?.cancel();
    return { response: this.#response, abort: () => this.#abort.abort() };
  }

  /** The first flight has failed before the request was sent. */
  cancelUnsent(): void {
    if (this.#machine.transition('cancelled')) this.#settled.resolve();
  }

  #expire(): void {
    this.#abort.abort();
    this.#response = Promise.reject(new WingmanError('LINK_LOST', 'claimed too late'));
    this.#response.catch(() => undefined);
  }
}

/** All that a first flight asks for, in this order. */
export class Preloads {
  readonly #all: readonly Preload[];

  /** Ahead of the page goes its push stream: the host reads the page for what it can push. */
  constructor(page: FetchHead | null, clock: Clock) {
    const heads = page === null ? [] : [pushesBefore(page), page];
    this.#all = heads.map((head) => new Preload(head, clock));
  }

  /** See `Preload.send`. */
  send(request: EarlyRequest): void {
    for (const preload of this.#all) preload.send(request);
  }

  /** See `Preload.claim`. */
  async claim(head: FetchHead): Promise<Claim | undefined> {
    for (const preload of this.#all) {
      const claim = await preload.claim(head);
      if (claim !== undefined) return claim;
    }
    return undefined;
  }

  /** See `Preload.cancelUnsent`. */
  cancelUnsent(): void {
    for (const preload of this.#all) preload.cancelUnsent();
  }
}

/** Whether these are the same GET, made in the same way. */
function isSameGet(left: FetchHead, right: FetchHead): boolean {
  return (
    left.method === 'GET' &&
    left.method === right.method &&
    left.target === right.target &&
    left.mode === right.mode &&
    left.destination === right.destination
  );
}

/**
 * The same way, on which the frame's own request of the tab's first page says where the tab has come from:
 * the browser would name the shell, and so is told to name nothing.
 */
export function withFirstReferrer(first: FetchHead | null, send: SendRequest): SendRequest {
  const referrer = first?.headers.find(([name]) => name === 'referer');
  let isOver = false;
  return (head, options) => {
    if (isOver || first === null || referrer === undefined || !isSameGet(head, first)) {
      return send(head, options);
    }
    isOver = true;
    return send({ ...head, headers: [...head.headers, referrer] }, options);
  };
}
