import { createServer, type AddressInfo } from 'node:net';

/** A port on which nobody listens now, for programs that can't take any free one. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
