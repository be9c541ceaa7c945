import { dialHeaders, proveRegistration, proveToken, tokenKey, WsCarrier } from '@wingman/node-kit';
import {
  acceptExchanges,
  type Capability,
  create,
  decodeMessage,
  DialPurpose,
  encodeMessage,
  header,
  HostMessage,
  Link,
  passPayload,
  portSessionName,
  PROTOCOL_VERSION,
  respondIngress,
  ResponseHead,
  ServerToHost,
  sessionNameFor,
  type Door,
  type HostRegistered,
  type IncomingRequest,
  type IncomingWebSocket,
} from '@wingman/protocol';
import { createHmac, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { ClientSocket } from './client-socket.js';
import { Inbox } from './inbox.js';

export interface Keys {
  privateKey: KeyObject;
  spki: Buffer;
}

export function createKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, spki: publicKey.export({ format: 'der', type: 'spki' }) };
}

export interface FakeHostOptions {
  keys?: Keys;
  label?: string;
  /** Registers the session of another port, not the main one. */
  otherPort?: number;
  ttlSeconds?: number;
  ingressAllowed?: boolean;
  sharedBy?: string;
  prekey?: Uint8Array;
  token?: string;
  takeOver?: boolean;
  /** What it can do; nothing, as a host that is older than the first capability. */
  capabilities?: Capability[];
  /** Another one's, for a host that comes back. */
  instance?: Uint8Array;
  /** Of the signaling connection. */
  headers?: Record<string, string>;
  /** Whether dial requests are answered. */
  dials?: boolean;
  request?: (incoming: IncomingRequest) => void;
  webSocket?: (incoming: IncomingWebSocket) => void;
}

export type ToHost = ServerToHost['message'];

/** What the fake host says first on each relay dial-back. */
export const RELAY_HELLO = Buffer.from('hello from the host');

/** A host program that speaks the real wire, and answers as a test tells it to. */
export class FakeHost {
  readonly port: number;
  readonly keys: Keys;
  readonly session: string;
  readonly signaling: ClientSocket;
  readonly received: Inbox<ToHost> = new Inbox();
  readonly relays = new Inbox<ClientSocket>();
  /** Ingress links by id, as a real host keeps them. */
  readonly links = new Map<string, Link>();
  readonly ingressSockets: ClientSocket[] = [];
  readonly sockets: ClientSocket[] = [];
  dialToken = '';
  readonly instance: Uint8Array;
  readonly gateKey = randomBytes(32);
  readonly #options: FakeHostOptions;
  readonly #nonce: Promise<Uint8Array>;
  #lastNonce = 0n;

  private constructor(
    port: number,
    keys: Keys,
    session: string,
    signaling: ClientSocket,
    options: FakeHostOptions,
  ) {
    this.port = port;
    this.keys = keys;
    this.session = session;
    this.signaling = signaling;
    this.#options = options;
    this.instance = options.instance ?? randomBytes(16);
    this.#nonce = this.#listen();
  }

  /** Connects without registering. */
  static async connect(port: number, options: FakeHostOptions = {}): Promise<FakeHost> {
    const keys = options.keys ?? createKeys();
    const main = await sessionNameFor(keys.spki, options.label);
    const { otherPort } = options;
    const session = otherPort === undefined ? main : portSessionName(main, otherPort);
    const { headers } = options;
    const signaling = await ClientSocket.open(port, 'localhost', '/__wingman/host', headers);
    return new FakeHost(port, keys, session, signaling, options);
  }

  /** Connects, registers and waits for the grant. */
  static async start(port: number, options: FakeHostOptions = {}): Promise<FakeHost> {
    const host = await FakeHost.connect(port, options);
    await host.register();
    await host.registered();
    return host;
  }

  /** The session's Host header. */
  get name(): string {
    return `${this.session}.localhost:${this.port}`;
  }

  async register(
    overrides: { session?: string; protocolVersion?: number; signature?: Uint8Array } = {},
  ): Promise<void> {
    const session = overrides.session ?? this.session;
    const nonce = await this.#nonce;
    const { takeOver = false, token } = this.#options;
    this.send({
      $case: 'registerHost',
      value: {
        ...proveRegistration(this.keys.privateKey, session, nonce),
        instance: this.instance,
        takeOver,
        tokenProof:
          token === undefined ? new Uint8Array() : proveToken(tokenKey(token), session, nonce),
        ttlSeconds: this.#options.ttlSeconds ?? 3600,
        prekey: this.#options.prekey ?? new Uint8Array(),
        ingressAllowed: this.#options.ingressAllowed ?? true,
        sharedBy: this.#options.sharedBy ?? '',
        gateKey: this.gateKey,
        protocolVersion: PROTOCOL_VERSION,
        capabilities: this.#options.capabilities ?? [],
        ...overrides,
      },
    });
  }

  /** Rejects with the server's reason when it does not register the host. */
  async registered(): Promise<HostRegistered> {
    const message = await this.received.find(
      (item) => item?.$case === 'hostRegistered' || item?.$case === 'refusal',
    );
    if (message.$case === 'hostRegistered') return message.value;
    throw new Error(`${message.value.code}: ${message.value.message}`);
  }

  /** The path of a door for whoever has the session's link key. */
  doorPath(door: Door, id: string): string {
    const pass = createHmac('sha256', this.gateKey)
      .update(passPayload(door, id))
      .digest('base64url');
    return `/__wingman/${door}?${door === 'signal' ? 'tab' : 'link'}=${id}&pass=${pass}`;
  }

  send(message: HostMessage['message']): void {
    this.signaling.send(encodeMessage(HostMessage, { message }));
  }

  /** Asks the server and waits for its answer. */
  async roundTrip(): Promise<void> {
    const nonce = ++this.#lastNonce;
    this.send({ $case: 'heartbeat', value: { nonce, reply: false } });
    while ((await this.#heartbeat()) !== nonce);
  }

  async #heartbeat(): Promise<bigint> {
    return (await this.received.find((item) => item?.$case === 'heartbeat')).value.nonce;
  }

  async dial(purpose: 'relay' | 'ingress', token = this.dialToken): Promise<ClientSocket> {
    const path = `/__wingman/dial?session=${this.session}&purpose=${purpose}`;
    const socket = await ClientSocket.open(this.port, 'localhost', path, dialHeaders(token));
    if (purpose === 'relay') socket.expectPreface();
    this.sockets.push(socket);
    return socket;
  }

  /** Cuts everything, as a crash does. */
  crash(): void {
    for (const { socket } of [this.signaling, ...this.sockets]) socket.terminate();
    for (const link of this.links.values()) link.close('LINK_LOST');
  }

  #listen(): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const take = (data: Buffer): void => {
        const { message } = decodeMessage(ServerToHost, data);
        if (message?.$case === 'challenge') resolve(message.value.nonce);
        this.#take(message);
      };
      for (const early of this.signaling.claim()) take(early);
      this.signaling.socket.on('message', take);
    });
  }

  #take(message: ToHost): void {
    if (message?.$case === 'hostRegistered') this.dialToken = message.value.dialToken;
    if (message?.$case === 'dialRequest' && this.#options.dials !== false) {
      // The server may be gone by then, when a test has ended.
      void this.#answerDial(message.value.purpose).catch(() => undefined);
    }
    this.received.put(message);
  }

  async #answerDial(purpose: DialPurpose): Promise<void> {
    if (purpose === DialPurpose.INGRESS) return this.#serveIngress(await this.dial('ingress'));
    const socket = await this.dial('relay');
    socket.send(RELAY_HELLO);
    this.relays.put(socket);
  }

  async #serveIngress(client: ClientSocket): Promise<void> {
    this.ingressSockets.push(client);
    const { carrier, linkId } = await respondIngress(
      new WsCarrier(client.socket, { early: client.claim() }),
    );
    const link = this.links.get(linkId) ?? this.#createLink(linkId);
    link.attach(carrier, 'relay');
  }

  #createLink(id: string): Link {
    const link = new Link({ id, role: 'acceptor' });
    this.links.set(id, link);
    acceptExchanges(link, {
      request: this.#options.request ?? ((incoming) => answer(incoming, 200, 'hello')),
      webSocket: this.#options.webSocket ?? ((incoming) => incoming.reject(head(404))),
    });
    return link;
  }
}

/** A response head. */
export function head(status: number, headers: Record<string, string> = {}) {
  const fields = Object.entries(headers).map(([name, value]) => header(name, value));
  return create(ResponseHead, { status, statusText: '', headers: fields });
}

/** Answers with a text. */
export function answer(incoming: IncomingRequest, status: number, text: string): void {
  incoming.respond(head(status, { 'content-type': 'text/plain' }));
  void incoming.write(Buffer.from(text)).then(() => incoming.end());
}
