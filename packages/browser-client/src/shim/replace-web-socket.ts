import { TunnelSocket, type SocketWorld } from './tunnel-socket.js';

type SocketArguments = [url: string | URL, protocols?: string | string[]];

/** A `WebSocket` that tunnels to this host and is the browser's own for every other. */
export function createWebSocketClass(
  native: typeof WebSocket,
  world: SocketWorld,
  host: string,
  onCreate: (socket: TunnelSocket) => void,
): typeof WebSocket {
  class SessionSocket extends TunnelSocket {
    constructor(...[url, protocols]: SocketArguments) {
      super(world, url, protocols);
      onCreate(this);
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      const isOwn = Function.prototype[Symbol.hasInstance].call(this, value);
      const isTheClass = this === SessionSocket || Object.is(this, replacement);
      return isOwn || (isTheClass && value instanceof native);
    }

    get [Symbol.toStringTag](): string {
      return 'WebSocket';
    }
  }
  Object.defineProperty(SessionSocket, 'name', { value: 'WebSocket' });
  const replacement = new Proxy(SessionSocket, {
    construct(target, args: SocketArguments, newTarget: NewableFunction): object {
      if (isForeign(args[0], world.baseUrl(), host)) return Reflect.construct(native, args);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  SessionSocket.prototype.constructor = replacement;
  return replacement as unknown as typeof WebSocket;
}

/** Whether the URL is for somebody else; an invalid one is ours, so that we raise the error. */
export function isForeign(url: string | URL, base: string, host: string): boolean {
  return URL.canParse(url, base) && new URL(url, base).host !== host;
}
