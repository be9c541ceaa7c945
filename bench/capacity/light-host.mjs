// A host as a tunnel server sees it: registers, is pinged and pings, keeps a connection ready, and comes back when it is cut off.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  Heartbeat,
  HOST_PATH,
  dialHeaders,
  dialUrl,
  proveRegistration,
  webSocketUrl,
} from '@wingman/node-kit';
import {
  Backoff,
  decodeEnvelope,
  encodeEnvelope,
  HostMessage,
  PROTOCOL_VERSION,
  ServerToHost,
  sessionNameFor,
  systemClock,
} from '@wingman/protocol';
import { WebSocket } from 'ws';
import { serveEnd } from './relay-ends.mjs';

/** What the real host does, by HOST_LIMITS. */
export const PING_SECONDS = 45;
const [FIRST_MS, MOST_MS, REGISTER_MS, SPREAD_MS] = [250, 10_000, 10_000, 1_000];
const TTL_SECONDS = 3_600;

/** What passes of a session are made with: whoever plays its viewers knows it by the name. */
export const gateKeyOf = (name) => createHash('sha256').update(`gate ${name}`).digest();

/** An address of its own, because an address may register so often only. */
export const addressOf = (net, number) =>
  `127.${net + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;

/** Each real host is a process with a clock of its own: their beats don't fall together. */
function clockOfItsOwn() {
  const ahead = 1_000 * Math.random();
  return { ...systemClock, now: () => systemClock.now() + ahead };
}

export function beating(socket) {
  const rhythm = { clock: clockOfItsOwn(), everyMs: 1_000 * PING_SECONDS, allowedMisses: 0 };
  socket.once('upgrade', ({ socket: connection }) => {
    new Heartbeat(socket, connection, rhythm);
  });
  socket.on('error', () => undefined);
  return socket;
}

export class LightHost {
  /** When it was last registered; undefined while it is not. */
  registeredAt;
  name;
  #keys = generateKeyPairSync('ed25519');
  #backoff = new Backoff(FIRST_MS, MOST_MS);
  #instance = randomBytes(16);
  #options;
  #node;
  #socket;
  #isStopped = false;

  /** `nodes` are origins, of which the host takes the first, and at each failure the next; `keepsReady` is whether it dials when nobody waits. */
  constructor(options) {
    this.#options = options;
    this.#node = options.first;
  }

  async start() {
    const key = this.#keys.publicKey.export({ format: 'der', type: 'spki' });
    this.name = await sessionNameFor(key);
    this.#connect();
  }

  stop() {
    this.#isStopped = true;
    this.#socket?.terminate();
  }

  get #server() {
    const { nodes } = this.#options;
    return new URL(nodes[this.#node % nodes.length]);
  }

  #connect() {
    const { localAddress, refused } = this.#options;
    const settings = { perMessageDeflate: false, localAddress, handshakeTimeout: REGISTER_MS };
    const socket = new WebSocket(webSocketUrl(this.#server, HOST_PATH), settings);
    this.#socket = beating(socket);
    const late = setTimeout(() => socket.terminate(), REGISTER_MS);
    let toldMs;
    socket.on('message', (data) => this.#hear(decodeEnvelope(ServerToHost, data), late));
    socket.on('unexpected-response', (_request, { headers, statusCode }) => {
      refused(`status ${statusCode}`);
      if (statusCode === 429) toldMs = headers['retry-after'] * 1_000 + SPREAD_MS * Math.random();
      socket.terminate();
    });
    socket.once('close', () => {
      clearTimeout(late);
      this.registeredAt = undefined;
      if (this.#isStopped) return;
      this.#node += 1;
      setTimeout(() => this.#connect(), toldMs ?? this.#backoff.next());
    });
  }

  #hear(message, late) {
    if (message?.$case === 'challenge') return this.#prove(message.value.nonce);
    if (message?.$case === 'refusal') return this.#options.refused(message.value.code);
    if (message?.$case === 'dialRequest') return this.#dial();
    if (message?.$case !== 'hostRegistered') return undefined;
    clearTimeout(late);
    this.#token = message.value.dialToken;
    this.#backoff.reset();
    this.registeredAt = performance.now();
    return undefined;
  }

  #token = '';

  #prove(nonce) {
    const value = {
      ...proveRegistration(this.#keys.privateKey, this.name, nonce),
      ttlSeconds: TTL_SECONDS,
      gateKey: gateKeyOf(this.name),
      ingressAllowed: true,
      protocolVersion: PROTOCOL_VERSION,
      instance: this.#instance,
    };
    this.#socket.send(encodeEnvelope(HostMessage, { $case: 'registerHost', value }));
  }

  #dial() {
    const { keepsReady, localAddress } = this.#options;
    if (!keepsReady) return;
    const url = dialUrl(this.#server, { session: this.name, purpose: 'relay' });
    const headers = dialHeaders(this.#token);
    const settings = { perMessageDeflate: false, localAddress, headers };
    serveEnd(beating(new WebSocket(url, settings)));
  }
}
