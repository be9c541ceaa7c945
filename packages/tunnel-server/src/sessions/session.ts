import {
  CloseCode,
  EndReason as ToldReason,
  passPayload,
  StateMachine,
  WingmanError,
  type Clock,
  type Door,
  type ErrorCode,
  type SentCase,
  type ServerToHost,
  type Timer,
  type TransitionTable,
} from '@wingman/protocol';
import { createHmac, timingSafeEqual } from 'node:crypto';

/** online: a host is registered. offline: its signaling is gone, the grace time runs. ended: for good. */
export type SessionState = 'online' | 'offline' | 'ended';

const TRANSITIONS: TransitionTable<SessionState> = {
  offline: ['online', 'ended'],
  online: ['offline', 'ended'],
  ended: [],
};

/** Why a session has ended. */
export type EndReason =
  'stopped' | 'expired' | 'abandoned' | 'removed' | 'moved' | 'cut-off' | 'shutdown';

/** What everyone connected to a session is told when it ends. */
export interface Ending {
  code: ErrorCode;
  closeCode: number;
  message: string;
  /** What viewers are told. */
  reason: ToldReason;
  /** What the host is told, where that is another code. */
  hostCode?: ErrorCode;
}

/** What everyone is told, by why the session has ended. */
export const ENDINGS: Readonly<Record<EndReason, Ending>> = {
  stopped: {
    code: 'SESSION_ENDED',
    closeCode: CloseCode.SESSION_ENDED,
    message: 'the host has ended the session',
    reason: ToldReason.STOPPED,
  },
  expired: {
    code: 'SESSION_ENDED',
    closeCode: CloseCode.SESSION_ENDED,
    message: 'the session has expired',
    reason: ToldReason.EXPIRED,
  },
  abandoned: {
    code: 'HOST_OFFLINE',
    closeCode: CloseCode.HOST_OFFLINE,
    message: 'the host has been away for too long',
    reason: ToldReason.UNSPECIFIED,
  },
  removed: {
    code: 'SESSION_ENDED',
    closeCode: CloseCode.SESSION_ENDED,
    message: 'the operator of the tunnel server has ended the session',
    reason: ToldReason.STOPPED,
    hostCode: 'DENIED',
  },
  // The viewers of the session come back, and are led to the other node. A host that is still connected to this node is
  // not the one that has moved.
  moved: {
    code: 'HOST_OFFLINE',
    closeCode: CloseCode.GOING_AWAY,
    message: 'another node of the tunnel server has the session now',
    reason: ToldReason.UNSPECIFIED,
    hostCode: 'NAME_IN_USE',
  },
  // The host tries again, here or at another node; this one takes it when it can be sure again.
  'cut-off': {
    code: 'HOST_OFFLINE',
    closeCode: CloseCode.GOING_AWAY,
    message: 'this node of the tunnel server is cut off from the others',
    reason: ToldReason.UNSPECIFIED,
    hostCode: 'DIRECTORY_AWAY',
  },
  shutdown: {
    code: 'HOST_OFFLINE',
    closeCode: CloseCode.GOING_AWAY,
    message: 'the tunnel server is shutting down',
    reason: ToldReason.UNSPECIFIED,
  },
};

/** The registered host, as its session sees it. */
export interface HostPort {
  /** Proves that a dial-back comes from this registration. */
  readonly dialToken: string;
  /** Names one run of a host program: the same when it comes back. */
  readonly instance: string;
  /** Where it connects from. */
  readonly address: string;
  /** What logs call the request that has opened its connection. */
  readonly requestId: string | undefined;
  /** Since when it is registered and from where, for whoever has the same key. */
  readonly whereabouts: string;
  /** The session is this host's; told before anything else is asked of the host. */
  welcome(session: Session): void;
  send(message: SentCase<ServerToHost>): void;
  /** Asks it to register elsewhere, because this node is about to stop. It leaves this connection when it has. */
  move(): void;
  /** Another connection has the session now: the same host's, or that of a host with the same key. */
  replaced(by: HostPort): void;
  close(code: number, reason: string): void;
}

/** What a registration says about the session. */
export interface Grant {
  host: HostPort;
  /** Whether it replaces another host that is there with the same key. */
  takeOver: boolean;
  /** The host's current prekey, a serialized ResponderHello; empty: none. */
  prekey: Uint8Array;
  /** What the passes of this session's viewers are made with. */
  gateKey: Uint8Array;
  ingressAllowed: boolean;
  /** The text by which viewers know who shares; empty for none. */
  sharedBy: string;
  /** On the session's clock. */
  expiresAt: number;
}

/** Something that belongs to a session and follows its life: viewers, dial-backs, splices, the ingress link. */
export interface SessionPart {
  /** A host has registered: the first, one that came back, or one that replaces the last. */
  hostOnline(): void;
  /** `isMoving`: the session is leaving this node, and its host is at another one or on the way there. */
  hostOffline(isMoving: boolean): void;
  ended(ending: Ending): void;
}

export interface SessionOptions {
  name: string;
  origin: string;
  clock: Clock;
  /** How long the session waits for a host that is gone, in milliseconds. */
  graceMs: number;
  onEnd: (reason: EndReason) => void;
}

/** One local app, shared under one name for a limited time. */
export class Session {
  readonly name: string;
  /** The session's origin as browsers write it. */
  readonly origin: string;
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #onEnd: (reason: EndReason) => void;
  readonly #parts: SessionPart[] = [];
  readonly #machine = new StateMachine(TRANSITIONS, 'offline');
  #grant: Grant | undefined;
  #expiry: Timer | undefined;
  #grace: Timer | undefined;
  #isLeaving = false;

  constructor(options: SessionOptions) {
    this.name = options.name;
    this.origin = options.origin;
    this.#clock = options.clock;
    this.#graceMs = options.graceMs;
    this.#onEnd = options.onEnd;
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  /** The registered host; undefined unless online. */
  get host(): HostPort | undefined {
    return this.#machine.state === 'online' ? this.#grant?.host : undefined;
  }

  get prekey(): Uint8Array {
    return this.#grant?.prekey ?? new Uint8Array();
  }

  /** Whether a pass was made with the session's link key; never before the first registration. */
  admits(door: Door, id: string, pass: string): boolean {
    return this.#grant !== undefined && isPass(this.#grant.gateKey, passPayload(door, id), pass);
  }

  get ingressAllowed(): boolean {
    return this.#grant?.ingressAllowed ?? false;
  }

  /** The text by which viewers know who shares; empty for none. */
  get sharedBy(): string {
    return this.#grant?.sharedBy ?? '';
  }

  /** What is left of the session's life, in milliseconds. */
  get remainingMs(): number {
    return Math.max(0, (this.#grant?.expiresAt ?? 0) - this.#clock.now());
  }

  /** Adds a part; it is told of everything that follows. */
  addPart(part: SessionPart): void {
    this.#parts.push(part);
  }

  /**
   * Takes a registration; an older connection is replaced. A live session never outgrows its first expiry.
   * Throws SESSION_ENDED, and NAME_IN_USE when another host is there and is not to be replaced.
   */
  register(grant: Grant): void {
    if (this.#machine.state === 'ended')
      throw new WingmanError('SESSION_ENDED', 'the session has ended');
    this.#demandName(grant);
    const before = this.#grant;
    const expiresAt = Math.min(grant.expiresAt, before?.expiresAt ?? Infinity);
    this.#grant = { ...grant, expiresAt };
    if (this.#machine.state === 'offline') this.#machine.demand('online');
    this.#grace?.cancel();
    this.#restartExpiry();
    if (before?.host !== grant.host) before?.host.replaced(grant.host);
    grant.host.welcome(this);
    if (before?.host === grant.host) return;
    for (const part of this.#parts) part.hostOnline();
  }

  /** The host's signaling is gone; ignored unless it is the registered one's. */
  hostLost(host: HostPort): void {
    if (this.host !== host) return;
    this.#machine.demand('offline');
    this.#grace = this.#clock.setTimeout(() => this.end('abandoned'), this.#graceMs);
    for (const part of this.#parts) part.hostOffline(this.#isLeaving);
  }

  /** The node is about to stop: the host is asked to register at another one. */
  leave(): void {
    this.#isLeaving = true;
    this.host?.move();
  }

  /** Ends the session and everything that belongs to it; idempotent. */
  end(reason: EndReason): void {
    if (this.#machine.state === 'ended') return;
    const { host } = this;
    this.#machine.demand('ended');
    this.#expiry?.cancel();
    this.#grace?.cancel();
    const ending = ENDINGS[reason];
    if (reason !== 'shutdown') {
      const { code, hostCode = code, message } = ending;
      host?.send({ $case: 'refusal', value: { code: hostCode, message } });
    }
    host?.close(ending.closeCode, ending.message);
    for (const part of this.#parts) part.ended(ending);
    this.#onEnd(reason);
  }

  #demandName({ host: newer, takeOver }: Grant): void {
    const { host } = this;
    if (host === undefined || host.instance === newer.instance || takeOver) return;
    throw new WingmanError(
      'NAME_IN_USE',
      `another host has shared under this name ${host.whereabouts}`,
    );
  }

  #restartExpiry(): void {
    this.#expiry?.cancel();
    this.#expiry = this.#clock.setTimeout(() => this.end('expired'), this.remainingMs);
  }
}

function isPass(key: Uint8Array, payload: Uint8Array, pass: string): boolean {
  const expected = createHmac('sha256', key).update(payload).digest();
  const given = Buffer.from(pass, 'base64url');
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}
