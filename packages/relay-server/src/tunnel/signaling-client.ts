import { bytesOf, Heartbeat, HOST_PATH, messageOf, webSocketUrl } from '@wingman/node-kit';
import {
  Backoff,
  CloseCode,
  decodeEnvelope,
  encodeEnvelope,
  HostMessage,
  Mailbox,
  PROTOCOL_VERSION,
  ServerToHost,
  StateMachine,
  toWingmanError,
  versionConflict,
  WingmanError,
  type Challenge,
  type Clock,
  type HostRegistered,
  type ReceivedCase,
  type SentCase,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import type { Socket } from 'node:net';
import { WebSocket, type RawData } from 'ws';
import { HOST_LIMITS } from '../limits.js';
import {
  closeError,
  FINAL_CODES,
  OF_ONE_SERVER,
  refusalOf,
  toldWaitOf,
} from './server-refusals.js';
import { openServerSocket, statusWords, type ProxyFor } from './server-socket.js';
import { ServerTurn } from './server-turn.js';

/**
 * connecting: the socket or the server's challenge is awaited. registering: our proof has been sent.
 * registered: the session is ours. waiting: until the next try. ended: for good.
 */
export type ConnectionState = 'connecting' | 'registering' | 'registered' | 'waiting' | 'ended';

const TRANSITIONS: TransitionTable<ConnectionState> = {
  connecting: ['registering', 'waiting', 'ended'],
  registering: ['registered', 'waiting', 'ended'],
  registered: ['connecting', 'waiting', 'ended'],
  waiting: ['connecting', 'ended'],
  ended: [],
};

/** What the connection asks of its owner. */
export interface SignalingClientOptions {
  /** Tried in turn; the session stays at the first that takes it until that one is gone. */
  readonly servers: readonly [URL, ...URL[]];
  readonly clock: Clock;
  readonly backoff?: Backoff;
  readonly proxyFor?: ProxyFor | undefined;
  /** Makes the registration for this connection's challenge. */
  register(nonce: Uint8Array): SentCase<HostMessage>;
  /** Whether nobody views: then a dead server may be noticed later. */
  isIdle(): boolean;
  /** Registered, for the first time or again; `isBack`: the connection was lost before. */
  registered(grant: HostRegistered, isBack: boolean): void;
  message(message: ReceivedCase<ServerToHost>): void;
  /** The connection is lost, or couldn't be made; another try follows. */
  lost(error: WingmanError): void;
  /** It ended for good, and not by `close`. */
  ended(error: WingmanError): void;
}

/** The host's signaling connection: keeps the session registered, and comes back by itself. */
export class SignalingClient {
  readonly #options: SignalingClientOptions;
  readonly #backoff: Backoff;
  readonly #machine = new StateMachine(TRANSITIONS, 'connecting');
  #socket: WebSocket | undefined;
  /** To a node that is about to stop, until the host is registered at another one. */
  #leaving: WebSocket | undefined;
  #heartbeat: Heartbeat | undefined;
  #timer: Timer | undefined;
  #nonce: Uint8Array | undefined;
  /** Where the connection comes from; undefined until it stands. */
  #localAddress: string | undefined;
  #refusal: WingmanError | undefined;
  /** The server was asked by many at once, and has told this host to come again in so many milliseconds. */
  #toldMs: number | undefined;
  /** Whether a registration of ours has not been answered. */
  #awaitsGrant = false;
  #wasLost = false;
  readonly #turn: ServerTurn;
  readonly #waiting: Mailbox<SentCase<HostMessage>>;

  constructor(options: SignalingClientOptions) {
    this.#options = options;
    this.#turn = new ServerTurn(options.servers, options.clock);
    const { awayBytes: bytes, awayMessages: messages, awayMs: ms } = HOST_LIMITS;
    this.#waiting = new Mailbox({ messages, bytes, ms }, options.clock);
    const { reconnectFirstMs, reconnectMaxMs } = HOST_LIMITS;
    this.#backoff = options.backoff ?? new Backoff(reconnectFirstMs, reconnectMaxMs);
    this.#connect();
  }

  get state(): ConnectionState {
    return this.#machine.state;
  }

  /** The server that has the session, or is asked to take it. */
  get server(): URL {
    return this.#turn.server;
  }

  /** Sends a message. Without a registration an answer or a candidate waits for the next; the rest, which that begins anew, is dropped. */
  send(message: SentCase<HostMessage>): void {
    if (this.#machine.state === 'registered') return this.#transmit(message);
    const isOfAttempt = message.$case === 'answer' || message.$case === 'iceCandidate';
    if (isOfAttempt) this.#waiting.put(message, encodeEnvelope(HostMessage, message).byteLength);
  }

  /** Registers again on the same connection, to renew the prekey. */
  renew(): void {
    if (this.#nonce === undefined || this.#machine.state !== 'registered') return;
    this.#register(this.#nonce);
  }

  /** Finds out soon whether the connection still lives: without a connection no viewer gets a new carrier. */
  probe(): void {
    this.#heartbeat?.probe(HOST_LIMITS.serverProbeMs);
  }

  /**
   * The machine's addresses have changed. A connection from one that is gone is dead and ends at once, and so does one
   * that is being made. Any other has to show that it lives. A wait for the next try is over.
   */
  addressesChanged(addresses: readonly string[]): void {
    if (this.#machine.state === 'waiting') return this.#connectAgain();
    if (addresses.includes(this.#localAddress ?? '')) return this.probe();
    this.#backoff.reset();
    this.#socket?.terminate();
  }

  /** Closes for good, once what was sent has left. */
  close(): void {
    if (this.#machine.state === 'ended') return;
    this.#machine.demand('ended');
    this.#timer?.cancel();
    for (const socket of [this.#socket, this.#leaving])
      socket?.close(CloseCode.GOING_AWAY, 'the host is going away');
  }

  #connect(): void {
    const proxy = this.#options.proxyFor?.(this.server);
    const socket = openServerSocket(webSocketUrl(this.server, HOST_PATH), proxy, {
      perMessageDeflate: false,
      maxPayload: HOST_LIMITS.signalingMessageBytes,
    });
    this.#socket = socket;
    this.#refusal = undefined;
    this.#toldMs = undefined;
    this.#localAddress = undefined;
    this.#timer = this.#options.clock.setTimeout(() => socket.terminate(), HOST_LIMITS.registerMs);
    let failure = '';
    socket.once('upgrade', (response) => {
      this.#localAddress = response.socket.localAddress;
      this.#heartbeat = this.#watch(socket, response.socket);
    });
    socket.on('message', (data) => this.#receive(socket, data));
    socket.once('unexpected-response', (_request, response) => {
      this.#toldMs = toldWaitOf(response);
      failure = statusWords(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('error', (error) => (failure ||= messageOf(error)));
    socket.once('close', (code, reason) => {
      if (socket !== this.#socket) return;
      this.#closed(code, failure || reason.toString() || `closed (${code})`);
    });
  }

  /** A server that says nothing between two pings is dead. */
  #watch(socket: WebSocket, below: Socket): Heartbeat {
    const { idlePingMs, serverPingMs } = HOST_LIMITS;
    const everyMs = (): number => (this.#options.isIdle() ? idlePingMs : serverPingMs);
    return new Heartbeat(socket, below, { clock: this.#options.clock, everyMs, allowedMisses: 0 });
  }

  #receive(socket: WebSocket, data: RawData): void {
    if (this.#machine.state === 'ended' || socket !== this.#socket) return;
    try {
      this.#handle(decodeEnvelope(ServerToHost, bytesOf(data)));
    } catch (error) {
      const { code, message } = toWingmanError(error, 'PROTOCOL_ERROR');
      if (code === 'REFUSED') this.#refusal = new WingmanError(code, message);
      socket.close(CloseCode.PROTOCOL, 'malformed message');
    }
  }

  #handle(message: ReceivedCase<ServerToHost>): void {
    switch (message?.$case) {
      case 'challenge':
        return this.#prove(message.value);
      case 'hostRegistered':
        return this.#welcome(message.value);
      case 'refusal':
        this.#refusal = refusalOf(message.value.code, message.value.message);
        return;
      case 'move':
        return this.#move();
      case 'heartbeat':
        if (message.value.reply) return;
        return this.#transmit({ $case: 'heartbeat', value: { ...message.value, reply: true } });
      default:
        if (this.#machine.state === 'registered') this.#options.message(message);
    }
  }

  /** Proves the key, unless the server has said that its version is another; one that says none (0) decides itself. */
  #prove({ nonce, protocolVersion }: Challenge): void {
    if (this.#machine.state !== 'connecting') return;
    const conflict = versionConflict(protocolVersion || PROTOCOL_VERSION, PROTOCOL_VERSION);
    if (conflict !== '') throw new WingmanError('REFUSED', conflict);
    this.#nonce = nonce;
    this.#machine.demand('registering');
    this.#register(nonce);
  }

  #register(nonce: Uint8Array): void {
    this.#awaitsGrant = true;
    this.#transmit(this.#options.register(nonce));
  }

  /** Takes a grant that was asked for, and no other. */
  #welcome(grant: HostRegistered): void {
    if (!this.#awaitsGrant) return;
    this.#awaitsGrant = false;
    this.#options.registered(grant, this.#wasLost);
    this.#wasLost = false;
    if (this.#machine.state !== 'registering') return;
    this.#timer?.cancel();
    this.#backoff.reset();
    this.#turn.taken();
    this.#machine.demand('registered');
    this.#leaving?.close(CloseCode.GOING_AWAY, 'the host has moved');
    this.#leaving = undefined;
    for (const message of this.#waiting.take()) this.#transmit(message);
  }

  /** The node is about to stop: registers on another connection, and leaves this one only then. */
  #move(): void {
    if (this.#machine.state !== 'registered') return;
    this.#leaving = this.#socket;
    this.#connectAgain();
  }

  #transmit(message: SentCase<HostMessage>): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > HOST_LIMITS.signalingQueueBytes) return socket.terminate();
    socket.send(encodeEnvelope(HostMessage, message));
  }

  #closed(code: number, reason: string): void {
    this.#timer?.cancel();
    this.#awaitsGrant = false;
    if (this.#machine.state === 'ended') return;
    const error = this.#refusal ?? closeError(code, reason);
    const isRefused = FINAL_CODES.has(error.code);
    const goesOn = OF_ONE_SERVER.has(error.code) && this.#turn.refused();
    if (isRefused && !goesOn) {
      this.#machine.demand('ended');
      return this.#options.ended(error);
    }
    const moves = !isRefused && this.#turn.failed();
    if (moves) this.#backoff.reset();
    const wait = (moves ? undefined : this.#toldMs) ?? this.#backoff.next();
    this.#machine.demand('waiting');
    this.#timer = this.#options.clock.setTimeout(() => this.#connectAgain(), wait);
    this.#wasLost = true;
    this.#options.lost(error);
  }

  #connectAgain(): void {
    this.#timer?.cancel();
    this.#machine.demand('connecting');
    this.#connect();
  }
}
