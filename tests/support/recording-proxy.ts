import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

/** Stands between host and tunnel server and keeps what passes on the dialled connections. */
export interface RecordingProxy {
  url: string;
  /** Messages on connections dialled for this purpose, both directions. */
  recorded(purpose: 'relay' | 'ingress'): Buffer;
  /** From now on each message takes so many milliseconds longer, each way. */
  delay(milliseconds: number): void;
  /** From now on what the host sends waits here, until the function that this returns is called. */
  hold(): () => void;
  close(): Promise<void>;
}

export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const messages: { purpose: string; bytes: Buffer }[] = [];
  let delayMs = 0;
  let held: (() => void)[] | undefined;
  const pass = (socket: WebSocket, bytes: Buffer): void => {
    if (delayMs === 0) socket.send(bytes);
    else setTimeout(() => socket.send(bytes), delayMs);
  };
  const server = createServer((_, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (near, request) => {
    const url = new URL(request.url ?? '/', target);
    const { authorization } = request.headers;
    const far = new WebSocket(url.href.replace(/^http/, 'ws'), {
      perMessageDeflate: false,
      headers: authorization === undefined ? {} : { authorization },
    });
    const purpose = url.searchParams.get('purpose') ?? 'signaling';
    const early: Buffer[] = [];
    const keep = (data: RawData): Buffer => {
      const bytes = data as Buffer;
      messages.push({ purpose, bytes });
      return bytes;
    };
    near.on('message', (data) => {
      const bytes = keep(data);
      if (far.readyState !== WebSocket.OPEN) early.push(bytes);
      else if (held === undefined) pass(far, bytes);
      else held.push(() => pass(far, bytes));
    });
    far.on('open', () => early.forEach((bytes) => far.send(bytes)));
    far.on('message', (data) => pass(near, keep(data)));
    far.on('error', () => near.terminate());
    near.on('error', () => far.terminate());
    far.on('close', () => near.terminate());
    near.on('close', () => far.terminate());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    recorded: (purpose) =>
      Buffer.concat(
        messages.filter((message) => message.purpose === purpose).map(({ bytes }) => bytes),
      ),
    delay: (milliseconds) => (delayMs = milliseconds),
    hold: () => {
      held = [];
      return () => {
        held?.forEach((send) => send());
        held = undefined;
      };
    },
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
