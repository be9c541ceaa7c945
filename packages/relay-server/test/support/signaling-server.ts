import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  decodeEnvelope,
  encodeEnvelope,
  HostMessage,
  ServerToHost,
  type ReceivedCase,
  type SentCase,
} from '@wingman/protocol';
import { WebSocketServer, type WebSocket } from 'ws';

/** The tunnel server's half of signaling, as a test wants it to behave. */
export interface SignalingServer {
  readonly url: URL;
  /** Every connection so far, in order. */
  readonly connections: SignalingConnection[];
  close(): Promise<void>;
}

export interface SignalingConnection {
  readonly socket: WebSocket;
  readonly received: ReceivedCase<HostMessage>[];
  send(message: SentCase<ServerToHost>): void;
}

export async function signalingServer(
  onConnection: (connection: SignalingConnection) => void,
): Promise<SignalingServer> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, path: '/__wingman/host' });
  const connections: SignalingConnection[] = [];
  server.on('connection', (socket) => {
    const connection: SignalingConnection = {
      socket,
      received: [],
      send: (message) => socket.send(encodeEnvelope(ServerToHost, message)),
    };
    socket.on('message', (data: Buffer) => {
      connection.received.push(decodeEnvelope(HostMessage, data));
    });
    connections.push(connection);
    onConnection(connection);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}`),
    connections,
    close: () => {
      for (const client of server.clients) client.terminate();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
}
