import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port through which another is reached, until it is cut. */
export interface CuttableProxy {
  readonly port: number;
  /** Resets every connection and refuses new ones; tells how many it has reset. */
  cut(): number;
  /** Takes connections again. */
  mend(): void;
  close(): Promise<void>;
}

/** Stands before a server on 127.0.0.1 whose port is known later; `target` is asked at each connection. */
export async function startCuttableProxy(target: () => number): Promise<CuttableProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    keep(near);
    if (isCut) return void near.resetAndDestroy();
    const far = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true });
    keep(far);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): number => {
    isCut = true;
    const count = open.size;
    for (const socket of open) socket.resetAndDestroy();
    return count;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => void (isCut = false),
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
