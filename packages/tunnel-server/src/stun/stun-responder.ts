import { isLoopbackHost } from '@wingman/node-kit';
import type { Clock } from '@wingman/protocol';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { SERVER_LIMITS } from '../limits.js';
import { TokenBucket } from '../signaling/token-bucket.js';
import { bindingResponse, parseBindingRequest } from './stun-message.js';

/** Every address of both families. */
const EVERYWHERE = '::';
/** What the system says to an IPv6 socket where it has no IPv6, or where that is switched off. */
const WITHOUT_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** An embedded STUN server (RFC 8489) for binding requests; anything else gets no answer. */
export class StunResponder {
  readonly #socket: Socket;
  readonly #bucket: TokenBucket;

  private constructor(socket: Socket, clock: Clock) {
    const perSecond = SERVER_LIMITS.stunResponsesPerSecond;
    this.#socket = socket;
    this.#bucket = new TokenBucket(clock, perSecond, perSecond);
    socket.on('message', (packet, from) => this.#answer(packet, from));
    // A datagram that can't be sent is lost, as any datagram may be.
    socket.on('error', () => undefined);
  }

  /**
   * Binds UDP `port` of `host`. `::` is every address of both families, or of IPv4 alone on a machine without IPv6.
   * Rejects with the system's error when the port is taken.
   */
  static async listen(host: string, port: number, clock: Clock): Promise<StunResponder> {
    try {
      return await StunResponder.#bind(host, port, clock);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (host !== EVERYWHERE || !WITHOUT_IPV6.has(code ?? '')) throw error;
      return StunResponder.#bind('0.0.0.0', port, clock);
    }
  }

  static async #bind(host: string, port: number, clock: Clock): Promise<StunResponder> {
    const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', reject);
        resolve();
      });
    }).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    return new StunResponder(socket, clock);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(packet: Buffer, from: RemoteInfo): void {
    const request = parseBindingRequest(packet);
    if (request === undefined || !this.#bucket.take()) return;
    this.#socket.send(bindingResponse(request, from.address, from.port), from.port, from.address);
  }
}

/**
 * The address to bind: the server's own, but every one when that is loopback and the public address is
 * not. Then a proxy passes HTTP on to it, and no proxy passes on STUN.
 */
export function stunHost(host: string, publicUrl: string | undefined): string {
  if (!isLoopbackHost(host) || publicUrl === undefined) return host;
  return isLoopbackHost(new URL(publicUrl).hostname) ? host : EVERYWHERE;
}

/** Where and how the embedded responder listens. */
export interface StunWish {
  host: string;
  /** The port asked for; undefined: `preferredPort` when free, else any. */
  port: number | undefined;
  preferredPort: number;
}

/** Starts the responder on the first port that works; rejects only when the port asked for doesn't. */
export async function listenOnAnyOf(wish: StunWish, clock: Clock): Promise<StunResponder> {
  if (wish.port !== undefined) return StunResponder.listen(wish.host, wish.port, clock);
  return StunResponder.listen(wish.host, wish.preferredPort, clock).catch(() =>
    StunResponder.listen(wish.host, 0, clock),
  );
}
