import { createServer, type AddressInfo, type Socket } from 'node:net';

/** An app that answers with exactly the bytes it is told, and then closes. */
export interface RawApp {
  readonly port: number;
  /** Answers to a target; each is given once. */
  readonly answers: Map<string, Buffer>;
  close(): Promise<void>;
}

export async function startRawApp(): Promise<RawApp> {
  const open = new Set<Socket>();
  const answers = new Map<string, Buffer>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    socket.once('data', (head: Buffer) => {
      const target = /^\S+ (\S+)/.exec(head.toString('latin1'))?.[1] ?? '';
      socket.end(answers.get(target) ?? 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      answers.delete(target);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    answers,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
