import {
  CAPABILITIES,
  Capability,
  CloseCode,
  decodeEnvelope,
  encodeEnvelope,
  EndReason,
  HostMessage,
  PROTOCOL_VERSION,
  ServerToHost,
  StateMachine,
  toWingmanError,
  WingmanError,
  type Clock,
  type ErrorCode,
  type ReceivedCase,
  type RegisterHost,
  type SentCase,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import type { Audit } from '../operator/audit-log.js';
import type { HostTokens } from '../operator/host-tokens.js';
import { createChallenge, createDialToken, verifyRegistration } from '../sessions/registration.js';
import type { Grant, HostPort, Session } from '../sessions/session.js';
import type { StunCoordination } from '../stun/stun-coordination.js';
import { PathReports } from './path-reports.js';
import { SignalingSocket } from './signaling-socket.js';
import { TokenBucket } from './token-bucket.js';

/** challenged: the nonce is out. verifying: a proof is being checked. registered: owns its session. */
type HostState = 'challenged' | 'verifying' | 'registered' | 'closed';

const TRANSITIONS: TransitionTable<HostState> = {
  challenged: ['verifying', 'closed'],
  verifying: ['registered', 'closed'],
  registered: ['verifying', 'closed'],
  closed: [],
};

/** A close reason has at most 123 bytes (RFC 6455 section 5.5); ours are ASCII. */
const MAX_REASON_CHARS = 120;

const INSTANCE_BYTES = 16;

/** The host has said nothing wrong, and another try would end the same way. */
const NOT_WANTED = new Set<ErrorCode>(['REFUSED', 'TOKEN_NEEDED', 'NAME_IN_USE', 'DENIED']);

/** Who hears a registered host: the viewers of its session. */
export interface HostAudience {
  fromHost(message: ReceivedCase<HostMessage>): void;
}

export interface HostConnectionOptions {
  clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
  stun: StunCoordination;
  metrics: Metrics;
  sessionTtlMs: number;
  /** This server's own. */
  version: string;
  logger: Pick<Logger, 'warn'>;
  /** Undefined: nothing is noted. */
  audit: Audit | undefined;
  /** Where the host connects from. */
  address: string;
  /** What logs call the request that has opened the connection. */
  requestId: string | undefined;
  /** Undefined: whoever has a key may register. */
  tokens: Pick<HostTokens, 'admits'> | undefined;
  /** Whether the host's network may register once more. */
  mayRegister(): Promise<boolean>;
  /** Claims the proved name among all nodes of the server; rejects with WingmanError. */
  claim(name: string, instance: string, takeOver: boolean): Promise<void>;
  /** Registers under the proved name; throws WingmanError. */
  register(name: string, grant: Grant): HostAudience;
  /** It has registered, or it has gone without; may be told twice. */
  settled(): void;
}

/** One host's signaling connection: challenge, proof, then messages for its viewers. */
export class HostConnection implements HostPort {
  readonly dialToken = createDialToken();
  readonly #options: HostConnectionOptions;
  readonly #socket: SignalingSocket;
  readonly #challenge = createChallenge();
  readonly #deadline: Timer;
  readonly #renewals: TokenBucket;
  readonly #reports: PathReports;
  readonly #machine = new StateMachine(TRANSITIONS, 'challenged');
  /** Until the host has named its own, and for one that names none, this connection's. */
  instance: string = this.dialToken;
  whereabouts = '';
  #capabilities: readonly Capability[] = [];
  #session: Session | undefined;
  #audience: HostAudience | undefined;

  constructor(webSocket: WebSocket, options: HostConnectionOptions) {
    const { hostMessageBurst, hostMessagesPerSecond, registrationMs } = SERVER_LIMITS;
    const { renewalBurst, renewalsPerSecond } = SERVER_LIMITS;
    this.#options = options;
    this.#reports = new PathReports(options.metrics, options.clock);
    this.#renewals = new TokenBucket(options.clock, renewalBurst, renewalsPerSecond);
    const bucket = new TokenBucket(options.clock, hostMessageBurst, hostMessagesPerSecond);
    this.#socket = new SignalingSocket(webSocket, bucket, {
      message: (bytes) => this.#receive(bytes),
      closed: () => this.#closed(),
    });
    this.#deadline = options.clock.setTimeout(
      () => this.#refuse(new WingmanError('TIMEOUT', 'no registration in time')),
      registrationMs,
    );
    const capabilities = [...CAPABILITIES];
    const hello = { nonce: this.#challenge, protocolVersion: PROTOCOL_VERSION, capabilities };
    this.send({ $case: 'challenge', value: hello });
  }

  send(message: SentCase<ServerToHost>): void {
    this.#socket.send(encodeEnvelope(ServerToHost, message));
  }

  get address(): string {
    return this.#options.address;
  }

  get requestId(): string | undefined {
    return this.#options.requestId;
  }

  replaced(by: HostPort): void {
    if (by.instance === this.instance)
      return this.close(CloseCode.REPLACED, 'the host has come back');
    const { requestId } = by;
    const session = this.#session?.name;
    const hosts = { older: this.whereabouts, newer: by.whereabouts };
    this.#options.logger.warn(
      { requestId, session, ...hosts },
      'another host has taken a session over',
    );
    this.#options.audit?.('host-replaced', { session, address: this.address });
    const message = `replaced by another host with the same name ${by.whereabouts}`;
    this.send({ $case: 'refusal', value: { code: 'NAME_IN_USE', message } });
    this.close(CloseCode.REPLACED, message.slice(0, MAX_REASON_CHARS));
  }

  move(): void {
    if (this.#capabilities.includes(Capability.MOVE)) this.send({ $case: 'move', value: {} });
    else this.close(CloseCode.GOING_AWAY, 'this node is shutting down');
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Ends at once, to give its place to a host that is yet to prove its key: an idle peer may never answer a close. */
  evict(): void {
    this.#options.metrics.limitsExceeded.inc({ limit: 'unproved-hosts' });
    this.#refuse(new WingmanError('LIMIT_EXCEEDED', 'others wait to register'));
    this.#socket.terminate();
  }

  welcome(session: Session): void {
    if (this.#session === undefined) {
      this.#options.settled();
      this.#options.audit?.('host-registered', { session: session.name, address: this.address });
    }
    this.#session = session;
    this.#deadline.cancel();
    const { remainingMs } = session;
    this.send({
      $case: 'hostRegistered',
      value: {
        origin: session.origin,
        dialToken: this.dialToken,
        expiresAtMs: BigInt(Math.round(this.#options.wallClock() + remainingMs)),
        iceServers: this.#options.stun.iceServersFor(session.name, remainingMs),
        version: this.#options.version,
      },
    });
  }

  #receive(bytes: Uint8Array): void {
    try {
      this.#handle(decodeEnvelope(HostMessage, bytes));
    } catch (error) {
      this.#refuse(toWingmanError(error, 'INTERNAL'));
    }
  }

  #handle(message: ReceivedCase<HostMessage>): void {
    if (message?.$case === 'heartbeat') return this.#heartbeat(message.value);
    if (message?.$case === 'registerHost') {
      this.#transition('verifying');
      void this.#register(message.value).catch((error: unknown) =>
        this.#refuse(toWingmanError(error, 'INTERNAL')),
      );
      return;
    }
    // While a renewal is verified the host is still the session's.
    if (this.#session === undefined) {
      throw new WingmanError('PROTOCOL_ERROR', 'a host registers first');
    }
    if (message?.$case === 'endSession') {
      const isExpired = message.value.reason === EndReason.EXPIRED;
      return this.#session.end(isExpired ? 'expired' : 'stopped');
    }
    if (message?.$case === 'pathReport') return this.#reports.count(message.value);
    this.#audience?.fromHost(message);
  }

  /** Before its proof is checked, which costs more than to refuse it. */
  async #admit(): Promise<void> {
    const isRenewal = this.#session !== undefined;
    if (isRenewal ? this.#renewals.take() : await this.#options.mayRegister()) return;
    this.#options.metrics.limitsExceeded.inc({ limit: isRenewal ? 'renewals' : 'registrations' });
    throw new WingmanError(
      'LIMIT_EXCEEDED',
      isRenewal ? 'the host renews too often' : 'too many registrations from this address',
    );
  }

  /** A second registration on the same connection renews the prekey and what the host allows. */
  async #register(message: RegisterHost): Promise<void> {
    await this.#admit();
    if (!this.#socket.isOpen) return;
    verifyRegistration(message, this.#challenge, this.#options.tokens);
    if (this.#session !== undefined && this.#session.name !== message.session) {
      throw new WingmanError('PROTOCOL_ERROR', 'a connection has one session');
    }
    this.#introduce(message);
    await this.#options.claim(message.session, this.instance, message.takeOver);
    // If the host has gone meanwhile, the next renewal gives its name up.
    if (!this.#socket.isOpen) return;
    this.#audience = this.#options.register(message.session, {
      host: this,
      takeOver: message.takeOver,
      prekey: message.prekey,
      gateKey: message.gateKey,
      ingressAllowed: message.ingressAllowed,
      sharedBy: message.sharedBy,
      expiresAt: this.#options.clock.now() + this.#grantedMs(message.ttlSeconds),
    });
    this.#transition('registered');
  }

  /** The first time only: a renewal changes nothing of it. */
  #introduce({ capabilities, instance }: RegisterHost): void {
    if (this.whereabouts !== '') return;
    this.#capabilities = capabilities;
    if (instance.byteLength === INSTANCE_BYTES)
      this.instance = Buffer.from(instance).toString('hex');
    const now = new Date(this.#options.wallClock()).toISOString();
    const since = `${now.slice(0, 10)} ${now.slice(11, 16)} UTC`;
    this.whereabouts = `since ${since} from ${this.#options.address}`;
  }

  #grantedMs(ttlSeconds: number): number {
    const { sessionTtlMs } = this.#options;
    return ttlSeconds === 0 ? sessionTtlMs : Math.min(ttlSeconds * 1000, sessionTtlMs);
  }

  #heartbeat(heartbeat: { nonce: bigint; reply: boolean }): void {
    if (heartbeat.reply) return;
    this.send({ $case: 'heartbeat', value: { nonce: heartbeat.nonce, reply: true } });
  }

  #refuse(error: WingmanError): void {
    if (this.#machine.state === 'closed') return;
    this.#options.metrics.hostsRefused.inc({ code: error.code });
    this.#options.audit?.('host-refused', { address: this.address, reason: error.code });
    this.send({ $case: 'refusal', value: { code: error.code, message: error.message } });
    const code = NOT_WANTED.has(error.code) ? CloseCode.HANDSHAKE_FAILED : CloseCode.PROTOCOL;
    this.close(code, error.message.slice(0, MAX_REASON_CHARS));
  }

  #closed(): void {
    this.#transition('closed');
    this.#deadline.cancel();
    this.#session?.hostLost(this);
    if (this.#session === undefined) this.#options.settled();
  }

  /** A move that the table does not have is the host's mistake. */
  #transition(next: HostState): void {
    if (this.#machine.transition(next)) return;
    throw new WingmanError(
      'PROTOCOL_ERROR',
      `a host can't go from ${this.#machine.state} to ${next}`,
    );
  }
}
