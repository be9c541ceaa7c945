import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DIAL_PATH, HOST_PATH } from '@wingman/node-kit';
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
  /** The connection below the WebSocket. */
  readonly raw: Socket;
  readonly received: ReceivedCase<HostMessage>[];
  send(message: SentCase<ServerToHost>): void;
}

/** `onDial` gets the connections that ask for a dial-back; they are refused when there is none. */
export async function signalingServer(
  onConnection: (connection: SignalingConnection) => void,
  onDial?: (socket: Duplex) => void,
): Promise<SignalingServer> {
  const http = createServer();
  const server = new WebSocketServer({ noServer: true, path: HOST_PATH });
  http.on('upgrade', (request, socket, head) => {
    if (onDial !== undefined && request.url?.startsWith(DIAL_PATH)) return onDial(socket);
    server.handleUpgrade(request, socket, head, (opened) =>
      server.emit('connection', opened, request),
    );
  });
  const connections: SignalingConnection[] = [];
  server.on('connection', (socket, { socket: raw }) => {
    const connection: SignalingConnection = {
      socket,
      raw,
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
