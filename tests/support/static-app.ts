import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** A file of the app; a function is asked each time. */
export interface StaticFile {
  type: string;
  body: string | Buffer;
  status?: number;
  headers?: Record<string, string>;
  /** It is never answered. */
  hangs?: boolean;
}

/** What a server has seen of a request. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Answered, or given up. */
  isOver(): boolean;
}

/** An app of files that a test may change while it runs; it echoes on any WebSocket. */
export interface StaticApp {
  port: number;
  files: Map<string, StaticFile | ((request: SeenRequest) => StaticFile)>;
  seen: SeenRequest[];
  close(): Promise<void>;
}

const NOT_FOUND: StaticFile = { type: 'text/plain', body: 'not found', status: 404 };

export async function startStaticApp(
  files: Iterable<[string, StaticFile | ((request: SeenRequest) => StaticFile)]>,
): Promise<StaticApp> {
  const byPath = new Map(files);
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const text = Buffer.concat(chunks).toString();
      const told = { method, url, headers, body: text, isOver: () => response.closed };
      seen.push(told);
      const found = byPath.get(url.replace(/\?.*/, '')) ?? NOT_FOUND;
      const file = typeof found === 'function' ? found(told) : found;
      if (file.hangs === true) return;
      response.writeHead(file.status ?? 200, { 'content-type': file.type, ...file.headers });
      response.end(file.body);
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A listening TCP server has such an address.
    port: (server.address() as AddressInfo).port,
    files: byPath,
    seen,
    async close() {
      sockets.clients.forEach((client) => client.terminate());
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
