import {
  Backoff,
  BaseCarrier,
  CloseCode,
  concatBytes,
  encodeRecord,
  initiate,
  RecordReader,
  SealedCarrier,
  StateMachine,
  systemClock,
  type Clock,
  type ErrorCode,
  type Link,
  type LinkKey,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';
import { WebSocketCarrier, type WebSocketCarrierOptions } from './websocket-carrier.js';

/** connecting: from opening the WebSocket until it ends. waiting: until the next attempt. */
export type RelayState = 'idle' | 'connecting' | 'waiting' | 'stopped';

const TRANSITIONS: TransitionTable<RelayState> = {
  idle: ['connecting', 'stopped'],
  connecting: ['waiting', 'stopped'],
  waiting: ['connecting', 'stopped'],
  stopped: [],
};

export interface RelayOptions {
  link: Link;
  key: LinkKey;
  /** WebSocket URL without parameters. */
  url: string;
  /** The pass that the tunnel server asks of this link. */
  pass: Promise<string>;
  /** The host's published hello. A first flight needs it; null means no first flight. */
  prekey: Uint8Array | null;
  clock?: Clock;
  open?: WebSocketCarrierOptions['open'];
  /** Sends the requests of the first flight; called when the link takes them. */
  firstFlight?: () => void;
  fetch?: Fetch;
  /** The first flight could not be made. */
  onFailure?: () => void;
  /** Why the relay can't be used, when a person should know. */
  onTrouble: (code: ErrorCode) => void;
}

const TROUBLE: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [CloseCode.HANDSHAKE_FAILED, 'HANDSHAKE_FAILED'],
  [CloseCode.SESSION_UNKNOWN, 'SESSION_UNKNOWN'],
  [CloseCode.HOST_OFFLINE, 'HOST_OFFLINE'],
  [CloseCode.SESSION_ENDED, 'SESSION_ENDED'],
  [CloseCode.TOO_MANY_VIEWERS, 'TOO_MANY_VIEWERS'],
]);

/** Keeps a sealed relay carrier attached to the link for as long as the link lives. */
export class RelayConnector {
  readonly #options: RelayOptions;
  readonly #clock: Clock;
  readonly #backoff = new Backoff(BROWSER_LIMITS.reconnectMinMs, BROWSER_LIMITS.reconnectMaxMs);
  readonly #machine = new StateMachine(TRANSITIONS, 'idle');
  #prekey: Uint8Array | null;
  #retry: Timer | undefined;
  /** The newest socket. An older one may still be attached, until the link replaces it. */
  #carrier: WebSocketCarrier | undefined;
  /** Whether the host has been heard since the newest socket was opened. */
  #isProven = false;
  /** When the newest socket was opened beside a silent one; undefined once the host has been heard. */
  #renewedAt: number | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#prekey = options.prekey;
  }

  get state(): RelayState {
    return this.#machine.state;
  }

  /**
   * The carrier is silent: perhaps the network has changed and the socket is dead without knowing it. Or the server has said
   * that the carrier is about to end. Another socket is opened beside it, and the old one stays attached until the new one has proved itself.
   */
  renew(): void {
    if (this.#machine.state !== 'connecting' || !this.#isProven) return;
    this.#isProven = false;
    this.#renewedAt = this.#clock.now();
    void this.#openWebSocket(BROWSER_LIMITS.relayRenewMs);
  }

  /** Something says that the network is back. A renewal that has hung since before is given up for a fresh attempt. */
  wake(): void {
    const { relayStuckMs } = BROWSER_LIMITS;
    const isStuck = this.#clock.now() - (this.#renewedAt ?? Infinity) > relayStuckMs;
    if (isStuck) this.#carrier?.close(CloseCode.NORMAL, 'another network');
    this.connect();
  }

  /** Connects now, even if the next attempt is not due. */
  connect(): void {
    if (!this.#machine.transition('connecting')) return;
    this.#retry?.cancel();
    const prekey = this.#prekey;
    this.#prekey = null;
    if (prekey === null) return void this.#openWebSocket();
    // The WebSocket comes second, so that its carrier replaces the first flight's carrier and not the reverse.
    this.#fly(prekey)
      .catch(() => this.#options.onFailure?.())
      .finally(() => this.#openWebSocket());
  }

  /** The host has been heard: the next failure starts with short waits. */
  proved(): void {
    this.#isProven = true;
    this.#renewedAt = undefined;
    this.#backoff.reset();
  }

  stop(): void {
    if (!this.#machine.transition('stopped')) return;
    this.#retry?.cancel();
    this.#carrier?.close(CloseCode.NORMAL, 'stopped');
  }

  /** `withinMs` is the time for opening the socket, and again for the handshake. */
  async #openWebSocket(withinMs?: number): Promise<void> {
    const url = await this.#url();
    if (this.#machine.state !== 'connecting') return;
    const { open } = this.#options;
    const carrier: WebSocketCarrier = new WebSocketCarrier({
      url,
      clock: this.#clock,
      onEnd: (code) => this.#ended(carrier, code),
      ...(open === undefined ? {} : { open }),
      ...(withinMs === undefined ? {} : { openMs: withinMs }),
    });
    this.#carrier = carrier;
    this.#isProven = false;
    carrier.connect();
    // A failed handshake closes the carrier, and the end of the carrier starts the next attempt.
    this.#attach(carrier, withinMs).catch(() =>
      carrier.close(CloseCode.NORMAL, 'the handshake failed'),
    );
  }

  async #url(): Promise<string> {
    const { link, pass, url } = this.#options;
    return `${url}?link=${link.id}&pass=${await pass}`;
  }

  async #attach(carrier: WebSocketCarrier, withinMs?: number): Promise<void> {
    const { key, link } = this.#options;
    const options = { key, kind: 'relay', linkId: link.id, clock: this.#clock } as const;
    const deadline = withinMs === undefined ? {} : { deadlineMs: 2 * withinMs };
    const proven = await initiate(carrier, { ...options, ...deadline });
    link.attach(proven.carrier, 'relay');
  }

  /** Sends handshake, attach and the first request in one go, without having heard the host on this connection. */
  async #fly(responderHello: Uint8Array): Promise<void> {
    const { fetch, firstFlight, key, link } = this.#options;
    // The pass is made beside the handshake's keys.
    const url = this.#url().then((own) => own.replace(/^ws/, 'http'));
    const flight = new FirstFlightCarrier(url, fetch);
    const options = { key, kind: 'relay', linkId: link.id, clock: this.#clock } as const;
    const proven = await initiate(flight, { ...options, responderHello });
    link.attach(proven.carrier, 'relay');
    firstFlight?.();
    // A turn of the event loop lets the mux write what it has queued.
    await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, 0));
    if (proven.carrier instanceof SealedCarrier) await proven.carrier.flushed();
    flight.launch();
  }

  #ended(carrier: WebSocketCarrier, code: number): void {
    // The end of a socket that has a successor is expected.
    if (carrier !== this.#carrier) return;
    this.#carrier = undefined;
    this.#renewedAt = undefined;
    if (!this.#machine.transition('waiting')) return;
    const trouble = TROUBLE.get(code);
    if (trouble !== undefined) this.#options.onTrouble(trouble);
    this.#retry = this.#clock.setTimeout(() => this.connect(), this.#backoff.next());
  }
}

/** Sends a request whose answer streams; tests pass their own. */
type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A carrier for the first flight alone: what is sent before `launch` goes to the relay in one POST,
 * on the connection that has just brought the page, and what the host says comes back in its
 * response. It saves the round trips of opening a WebSocket, which replaces it as soon as it is up.
 */
export class FirstFlightCarrier extends BaseCarrier {
  readonly #abort = new AbortController();
  #held: Uint8Array[] = [];
  #launched = false;

  constructor(
    private readonly url: Promise<string>,
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
  ) {
    super();
  }

  get writable(): boolean {
    return !this.#launched;
  }

  send(message: Uint8Array): void {
    // After the launch nothing more can be sent here: the link sends it again on the WebSocket.
    if (!this.#launched && !this.isClosed) this.#held.push(encodeRecord(message));
  }

  /** Sends what has been kept and reads the answer for as long as it comes. */
  launch(): void {
    if (this.#launched || this.isClosed) return;
    this.#launched = true;
    this.#fly(concatBytes(this.#held)).catch(() => this.closed('the first flight failed'));
    this.#held = [];
  }

  protected shut(): void {
    this.#held = [];
    this.#abort.abort();
  }

  async #fly(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { signal } = this.#abort;
    const response = await this.fetch(await this.url, { method: 'POST', body, signal });
    if (!response.ok || response.body === null) return this.closed(`status ${response.status}`);
    const records = new RecordReader();
    const chunks = response.body.getReader();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done) return this.closed('the first flight is over');
      for (const message of records.push(value)) this.receive(message);
    }
  }
}
