import {
  CloseCode,
  decodeEnvelope,
  encodeEnvelope,
  EndReason,
  HostMessage,
  ServerToHost,
  StateMachine,
  toWingmanError,
  WingmanError,
  type Clock,
  type ReceivedCase,
  type RegisterHost,
  type SentCase,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { createChallenge, createDialToken, verifyRegistration } from '../sessions/registration.js';
import type { Grant, HostPort, Session } from '../sessions/session.js';
import type { StunCoordination } from '../stun/stun-coordination.js';
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
  /** Whether the host's address may register once more. */
  mayRegister(): boolean;
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
  readonly #machine = new StateMachine(TRANSITIONS, 'challenged');
  #session: Session | undefined;
  #audience: HostAudience | undefined;

  constructor(webSocket: WebSocket, options: HostConnectionOptions) {
    const { hostMessageBurst, hostMessagesPerSecond, registrationMs } = SERVER_LIMITS;
    const { renewalBurst, renewalsPerSecond } = SERVER_LIMITS;
    this.#options = options;
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
    this.send({ $case: 'challenge', value: { nonce: this.#challenge } });
  }

  send(message: SentCase<ServerToHost>): void {
    this.#socket.send(encodeEnvelope(ServerToHost, message));
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
    if (this.#session === undefined) this.#options.settled();
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
      this.#admit();
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
    this.#audience?.fromHost(message);
  }

  /** Before its proof is checked, which costs more than to refuse it. */
  #admit(): void {
    const isRenewal = this.#session !== undefined;
    if (isRenewal ? this.#renewals.take() : this.#options.mayRegister()) return;
    this.#options.metrics.limitsExceeded.inc({ limit: isRenewal ? 'renewals' : 'registrations' });
    throw new WingmanError(
      'LIMIT_EXCEEDED',
      isRenewal ? 'the host renews too often' : 'too many registrations from this address',
    );
  }

  /** A second registration on the same connection renews the prekey and what the host allows. */
  async #register(message: RegisterHost): Promise<void> {
    await verifyRegistration(message, this.#challenge);
    if (!this.#socket.isOpen) return;
    if (this.#session !== undefined && this.#session.name !== message.session) {
      throw new WingmanError('PROTOCOL_ERROR', 'a connection has one session');
    }
    this.#audience = this.#options.register(message.session, {
      host: this,
      prekey: message.prekey,
      gateKey: message.gateKey,
      ingressAllowed: message.ingressAllowed,
      expiresAt: this.#options.clock.now() + this.#grantedMs(message.ttlSeconds),
    });
    this.#transition('registered');
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
    this.send({ $case: 'refusal', value: { code: error.code, message: error.message } });
    const isBadProof = error.code === 'REFUSED';
    const code = isBadProof ? CloseCode.HANDSHAKE_FAILED : CloseCode.PROTOCOL;
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
