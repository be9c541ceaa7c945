import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port through which another is reached, until it is cut. */
export interface CuttableProxy {
  readonly port: number;
  /** Resets every connection and refuses new ones; tells how many it has reset. */
  cut(): number;
  /** Takes connections again. */
  mend(): void;
  /** Paths of the requests that connections began with, in order, without their queries. */
  readonly paths: readonly string[];
  /** Resets the connections that began with this path; tells how many. */
  reset(path: string): number;
  /** Keeps the connections that began with this path open, and lets nothing through; tells how many. */
  silence(path: string): number;
  /**
   * Drops what clients send on connections that began with this path: at once on those that are open, behind
   * their heads on those that come. Answers pass.
   */
  mute(path: string): void;
  /** Connections that come from now on pass whole. */
  unmute(): void;
  close(): Promise<void>;
}

/** Stands before a server on 127.0.0.1 whose port is known later; `target` is asked at each connection. */
export async function startCuttableProxy(target: () => number): Promise<CuttableProxy> {
  const open = new Set<Socket>();
  const paths: string[] = [];
  const pathOf = new Map<Socket, string>();
  const nearEnds = new WeakSet<Socket>();
  let muted: string | undefined;
  let isCut = false;
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      pathOf.delete(socket);
    });
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    if (isCut) return void reset(near);
    const far = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true });
    keep(far);
    nearEnds.add(near);
    near.pipe(far).pipe(near);
    near.once('data', (head: Buffer) => {
      const path = /^\S+ ([^ ?]+)/.exec(head.toString('latin1'))?.[1] ?? '';
      paths.push(path);
      pathOf.set(near, path).set(far, path);
      if (path === muted) near.unpipe(far).resume();
    });
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const of = (path: string): Socket[] => [...open].filter((socket) => pathOf.get(socket) === path);
  const cut = (): number => {
    isCut = true;
    const count = open.size;
    for (const socket of open) reset(socket);
    return count;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => void (isCut = false),
    paths,
    reset: (path) => of(path).map(reset).length,
    mute: (path) => {
      muted = path;
      for (const socket of of(path)) if (nearEnds.has(socket)) socket.unpipe().resume();
    },
    unmute: () => (muted = undefined),
    silence: (path) => of(path).map((socket) => socket.unpipe().pause()).length,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * Resets a connection. Node loses a handle that is to be reset while its end is still on the way, and then
 * spins for ever as the process exits: such a socket is closed instead.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
