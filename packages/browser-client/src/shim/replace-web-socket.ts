import { around } from './before-call.js';
import type { SocketRequest } from '../shared/exchange-messages.js';
import { howToShare } from '../shared/loopback.js';
import { parseProtocols, parseSocketUrl } from './socket-rules.js';
import { TunnelSocket, type SocketPort, type SocketRealm } from './tunnel-socket.js';

/** Where a socket goes within the tunnel. */
export type SocketRoute = Pick<SocketRequest, 'port' | 'hasCredentials'>;

/** What sockets need of the page or worker they live in. */
export interface SocketWorld {
  realm: SocketRealm;
  baseUrl: () => string;
  /** Undefined for URLs of other sites, which the browser's own class opens. */
  route: (url: URL) => SocketRoute | undefined;
  headers: () => SocketRequest['headers'];
  open: (request: SocketRequest) => SocketPort;
  /** Writes an error to the console. */
  complain: (text: string) => void;
  /** A socket was made, and will end with a `close` event. */
  created: (socket: TunnelSocket, target: EventTarget) => void;
}

type SocketArguments = [url: string | URL, protocols?: string | readonly string[]];

const READ_ONLY = ['url', 'readyState', 'bufferedAmount', 'protocol', 'extensions'] as const;
const HANDLERS = ['open', 'message', 'error', 'close'] as const;

/**
 * Gives a realm a `WebSocket` that tunnels. The class stays the browser's own behind a proxy, and its
 * prototype serves both kinds of sockets. So subclasses, `instanceof`, constants and patches of the
 * prototype work as before.
 */
export function replaceWebSocket(world: SocketWorld): void {
  const { realm } = world;
  const native = realm.WebSocket;
  const sockets = new WeakMap<object, TunnelSocket>();
  serveBoth(native.prototype, sockets);
  const replacement = new Proxy(native, {
    construct(_target, args: SocketArguments, newTarget: NewableFunction): object {
      const route = routeOf(args, world);
      if (route === undefined) return Reflect.construct(native, args, newTarget) as object;
      const [url, protocols] = args;
      const request = socketRequest(parseSocketUrl(url, world.baseUrl(), realm), protocols, world);
      const target = Reflect.construct(realm.EventTarget, [], newTarget) as EventTarget;
      const socket = connect(target, { ...request, ...route }, world);
      sockets.set(target, socket);
      world.created(socket, target);
      return target;
    },
  });
  Object.defineProperty(native.prototype, 'constructor', {
    value: replacement,
    writable: true,
    configurable: true,
  });
  realm.WebSocket = replacement;
}

/** An invalid URL has no route: the browser's own class raises the error. */
function routeOf([url]: Partial<SocketArguments>, world: SocketWorld): SocketRoute | undefined {
  const base = world.baseUrl();
  if (url === undefined || !URL.canParse(url, base)) return undefined;
  return world.route(new URL(url, base));
}

type Request = Pick<SocketRequest, 'target' | 'protocols' | 'headers'> & { url: URL };

function socketRequest(
  url: URL,
  protocols: SocketArguments[1],
  { headers, realm }: SocketWorld,
): Request {
  const list = parseProtocols(protocols, realm.DOMException);
  const target = url.pathname + url.search;
  return { url, target, protocols: list, headers: [...headers(), ['host', url.host]] };
}

function connect(
  target: EventTarget,
  { url, ...request }: Request & SocketRoute,
  { realm, open, complain }: SocketWorld,
): TunnelSocket {
  const failed = (why: string): void => {
    const { port } = request;
    const isRefused = why === 'PORT_NOT_ALLOWED' && port !== undefined;
    const explained = isRefused ? howToShare(port) : why;
    complain(`WebSocket connection to '${url.href}' failed: ${explained}`);
  };
  return new TunnelSocket(target, { realm, url, port: open(request), failed });
}

/** Makes each member of the prototype look which kind of socket is calling. */
function serveBoth(prototype: WebSocket, sockets: WeakMap<object, TunnelSocket>): void {
  for (const name of READ_ONLY) accessor(prototype, name, sockets, (socket) => socket[name]);
  accessor(
    prototype,
    'binaryType',
    sockets,
    (socket) => socket.binaryType,
    (socket, type) => (socket.binaryType = String(type) as BinaryType),
  );
  for (const type of HANDLERS) {
    accessor(
      prototype,
      `on${type}`,
      sockets,
      ({ handlers }) => handlers.get(type),
      ({ handlers }, handler) => handlers.set(type, handler),
    );
  }
  method(prototype, 'send', sockets, (socket, [data]) => socket.send(data as string));
  method(prototype, 'close', sockets, (socket, [code, reason]) =>
    socket.close(code as number, reason as string),
  );
}

function accessor(
  prototype: WebSocket,
  name: keyof WebSocket,
  sockets: WeakMap<object, TunnelSocket>,
  get: (socket: TunnelSocket) => unknown,
  set?: (socket: TunnelSocket, value: unknown) => void,
): void {
  const native = Object.getOwnPropertyDescriptor(prototype, name);
  const read = function (this: object): unknown {
    const socket = sockets.get(this);
    return socket === undefined ? native?.get?.call(this) : get(socket);
  };
  const write = function (this: object, value: unknown): void {
    const socket = sockets.get(this);
    if (socket === undefined) native?.set?.call(this, value);
    else set?.(socket, value);
  };
  Object.defineProperty(prototype, name, {
    enumerable: true,
    configurable: true,
    get: read,
    ...(set === undefined ? {} : { set: write }),
  });
}

function method(
  prototype: WebSocket,
  name: 'send' | 'close',
  sockets: WeakMap<object, TunnelSocket>,
  call: (socket: TunnelSocket, args: unknown[]) => void,
): void {
  around(prototype, name, (native, self, args) => {
    const socket = sockets.get(self as object);
    if (socket === undefined) return Reflect.apply(native, self, args);
    if (name === 'send' && args.length === 0) {
      throw new TypeError("Failed to execute 'send' on 'WebSocket': 1 argument required.");
    }
    return call(socket, args);
  });
}
