import {
  Link,
  Mux,
  PathHistory,
  StateMachine,
  WingmanError,
  createPass,
  deriveGateKey,
  newLinkId,
  openWebSocket,
  request,
  systemClock,
  type ChannelWay,
  type Clock,
  type ErrorCode,
  type RequestHead,
} from '@wingman/protocol';
import type { FetchHead } from '../shared/exchange-messages.js';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { NO_LINK, type LinkStatus } from '../shared/status.js';
import type {
  ChannelEnd,
  Fingerprints,
  LaneFromShell,
  StartOptions,
  WorkerToShell,
} from '../shared/worker-messages.js';
import type { TabCookies } from './cookies.js';
import { LaneOpener } from './lane-opener.js';
import { toRequestHead, toWebSocketOpen } from './messages.js';
import { choiceOf, DIRECT, isHeard, isSilent, LIFE_TRANSITIONS } from './life.js';
import type { Life, LifeState, Wishes } from './life.js';
import { P2pAttacher } from './p2p-attacher.js';
import { Preloads } from './preload.js';
import { RelayConnector, type RelayOptions } from './relay-connector.js';
import type { SendRequest } from './serve-fetch.js';
import type { OpenSocket } from './serve-web-socket.js';
import { ThreadLoad } from './thread-load.js';

export interface TunnelOptions extends Pick<
  StartOptions,
  'key' | 'relayUrl' | 'prekey' | 'preload' | 'linkGraceMs'
> {
  cookies: Pick<TabCookies, 'headers' | 'store'>;
  tell: (message: WorkerToShell) => void;
  clock?: Clock;
  open?: RelayOptions['open'];
  fetch?: RelayOptions['fetch'];
}

/** This tab's tunnel: a link that is replaced when it is gone for good, and the requests over it. */
export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #clock: Clock;
  readonly #load: ThreadLoad;
  readonly #p2p: P2pAttacher;
  readonly #history = new PathHistory();
  /** What the first flight asks for. */
  readonly #firstFlight: Preloads;
  readonly #waiters = new Set<() => void>();
  readonly #gateKey: Promise<Uint8Array>;
  #life: Life;
  readonly #wishes: Wishes = { preference: 'auto', sparesRelay: false, isWatched: true };
  #trouble: ErrorCode | null = null;
  #hasLost = false;
  #unanswered = 0;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#load = new ThreadLoad(this.#clock);
    this.#gateKey = deriveGateKey(options.key);
    this.#p2p = new P2pAttacher({
      key: options.key,
      link: () => this.#life.link,
      onEvent: (attempt, event, code) => {
        options.tell({ kind: 'p2p', attempt, event, ...(code !== undefined && { code }) });
      },
    });
    // Without a prekey there is no first flight.
    this.#firstFlight = new Preloads(options.prekey && options.preload, this.#clock);
    this.#life = this.#begin(options.prekey);
  }

  /** Sends a request once the link is up. Fails with TIMEOUT, or with the relay's trouble, if the link isn't up in time. */
  readonly request: SendRequest = async (head, options) => {
    const response = await this.#counted(this.#send(head, options));
    if (head.hasCredentials)
      await this.#options.cookies.store(response.head, head.port === undefined);
    return response;
  };

  readonly #send: SendRequest = async (head, options) => {
    const claim = await this.#firstFlight.claim(head);
    if (claim !== undefined) {
      options.signal.addEventListener('abort', () => claim.abort(), { once: true });
      return claim.response;
    }
    const { mux } = await this.#proven(options.signal);
    return request(mux, this.#withCookies(head), options);
  };

  /** Counts a request for as long as it has no answer. A page that is offline shows at once that it waits. */
  async #counted<Answer>(answer: Promise<Answer>): Promise<Answer> {
    this.#count(1);
    try {
      return await answer;
    } finally {
      this.#count(-1);
    }
  }

  #count(more: 1 | -1): void {
    this.#unanswered += more;
    const { state } = this.#life.machine;
    // Before the first link is up the page shows its progress anyway.
    if (state === 'down' || (this.#hasLost && state !== 'up')) this.#tellStatus();
  }

  #tellStatus(): void {
    this.#options.tell({ kind: 'status', status: this.status() });
  }

  /** Opens a WebSocket once the link is up; fails like `request`. */
  readonly openWebSocket: OpenSocket = async (socket, options) => {
    const { mux } = await this.#proven(options.signal);
    const cookies = socket.hasCredentials ? this.#options.cookies.headers() : [];
    return openWebSocket(mux, toWebSocketOpen(socket, cookies), options);
  };

  takeChannel(attempt: number, end: ChannelEnd): void {
    this.#p2p.take(attempt, end);
  }

  setWay(attempt: number, way: ChannelWay): void {
    this.#p2p.setWay(attempt, way);
  }

  setFingerprints(attempt: number, fingerprints: Fingerprints): void {
    this.#p2p.setFingerprints(attempt, fingerprints);
  }

  endChannel(attempt: number): void {
    this.#p2p.end(attempt);
  }

  handleLane(lane: number, step: LaneFromShell): void {
    this.#life.lanes.handle(lane, step);
  }

  /** Takes what a person prefers, or whether the developer or the operator wants the relay to be spared. */
  choose(wish: Partial<Pick<Wishes, 'preference' | 'sparesRelay'>>): void {
    this.#life.link.prefer(choiceOf(Object.assign(this.#wishes, wish)));
  }

  /** Whether somebody looks at the tab. */
  watched(isWatched: boolean): void {
    this.#wishes.isWatched = isWatched;
    this.#life.link.watched(isWatched);
  }

  /** The network may have come back, changed or gone: every carrier is asked for a sign of life, and the relay is tried. */
  wake(): void {
    this.#life.link.doubt();
    this.#life.relay.wake();
  }

  renewRelay(): void {
    this.#life.relay.renew();
  }

  status(): LinkStatus {
    const { link, machine } = this.#life;
    const stats = link.stats();
    const mode = machine.state === 'up' ? stats.path : 'offline';
    return {
      ...NO_LINK,
      mode,
      rttMs: mode === 'offline' ? null : stats.rttMs[mode],
      link: { id: stats.id, state: stats.state },
      ...{ bytes: stats.bytes, switches: stats.switches },
      relayConnected: link.attachment('relay')?.isGood === true,
      directConnected: DIRECT.some((kind) => link.attachment(kind)?.isGood === true),
      rtt: stats.rttMs,
      ...{ preference: this.#wishes.preference, sparesRelay: this.#wishes.sparesRelay },
      hasLost: this.#hasLost,
      unanswered: this.#unanswered,
    };
  }

  #begin(prekey: Uint8Array | null): Life {
    const { fetch, key, linkGraceMs: graceMs, relayUrl, open } = this.#options;
    const link = new Link({
      ...{ id: newLinkId(), role: 'initiator', clock: this.#clock, graceMs },
      ...{ preference: choiceOf(this.#wishes), history: this.#history },
      isWatched: this.#wishes.isWatched,
    });
    const mux = new Mux(link, { unpacksHeads: true });
    const relay = new RelayConnector({
      link,
      key,
      url: relayUrl,
      pass: this.#gateKey.then((gate) => createPass(gate, 'relay', link.id)),
      prekey,
      clock: this.#clock,
      ...(open === undefined ? {} : { open }),
      ...(fetch === undefined ? {} : { fetch }),
      firstFlight: () =>
        this.#firstFlight.send((head, signal) =>
          request(mux, this.#withCookies(head), { signal, isEarly: true }),
        ),
      onFailure: () => this.#firstFlight.cancelUnsent(),
      onTrouble: (code) => this.#troubled(code),
    });
    const machine = new StateMachine(LIFE_TRANSITIONS, 'unproven', (state) => this.#entered(state));
    const lanes = new LaneOpener({
      ...{ key, link, mux, clock: this.#clock },
      tell: (lane, step) => this.#options.tell({ kind: 'lane', lane, step }),
    });
    const life: Life = { link, mux, relay, lanes, machine };
    for (const event of ['state', 'path', 'attachment'] as const)
      link.on(event, () => this.#changed(life));
    this.#options.tell({ kind: 'link', id: link.id });
    relay.connect();
    return life;
  }

  #withCookies(head: FetchHead): RequestHead {
    const cookies = head.hasCredentials ? this.#options.cookies.headers() : [];
    const whole = toRequestHead(head, cookies);
    return this.#load.isBehind ? { ...whole, transferCodings: [] } : whole;
  }

  #changed(life: Life): void {
    if (life !== this.#life || life.machine.state === 'over') return;
    if (life.link.state === 'closed') return this.#renew(life);
    this.#p2p.update();
    if (life.link.state !== 'open') life.machine.transition('down');
    else if (life.machine.state === 'down' || isHeard(life.link)) life.machine.transition('up');
    if (life.link.attachment('relay')?.isGood === true) life.relay.proved();
    if (isSilent(life.link)) life.relay.renew();
    this.#tellStatus();
  }

  /** A link that is gone for good is followed by a fresh one: no reload is needed. */
  #renew(life: Life): void {
    this.#hasLost ||= life.machine.state !== 'unproven';
    life.machine.transition('over');
    life.relay.stop();
    this.#tellStatus();
    const code = life.link.closeError?.code;
    if (code === 'TOO_MANY_VIEWERS' || code === 'SESSION_ENDED') this.#troubled(code);
    this.#clock.setTimeout(() => {
      this.#life = this.#begin(null);
    }, BROWSER_LIMITS.reconnectMinMs);
  }

  /** The link is up at first, and again after each time in which nothing carried it. */
  #entered(state: LifeState): void {
    if (state !== 'up') return;
    this.#hasLost = false;
    this.#troubled(null);
    this.#options.tell({ kind: 'connected' });
    for (const wake of [...this.#waiters]) wake();
  }

  #troubled(code: ErrorCode | null): void {
    this.#trouble = code;
    this.#options.tell({ kind: 'trouble', code });
  }

  /** Waits for a link whose host has been heard and that has a carrier. */
  async #proven(signal: AbortSignal): Promise<Life> {
    const deadline = this.#clock.now() + BROWSER_LIMITS.linkWaitMs;
    while (this.#life.machine.state !== 'up') {
      if (signal.aborted) throw new WingmanError('CANCELLED', 'given up before it was sent');
      const left = deadline - this.#clock.now();
      if (left <= 0) throw new WingmanError(this.#trouble ?? 'TIMEOUT', 'the link is not up');
      await this.#nextChange(left, signal);
    }
    return this.#life;
  }

  /** Resolves at the next sign of life, on abort, or after so many milliseconds. */
  #nextChange(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        stopListening();
        signal.removeEventListener('abort', finish);
        this.#waiters.delete(finish);
        resolve();
      };
      const timer = this.#clock.setTimeout(finish, milliseconds);
      const stopListening = this.#life.link.on('state', finish);
      signal.addEventListener('abort', finish, { once: true });
      this.#waiters.add(finish);
    });
  }
}
