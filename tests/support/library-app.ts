import { build } from 'esbuild';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as SocketIoServer } from 'socket.io';
import { WebSocketServer } from 'ws';
import { ROOT } from './processes.js';

/** An app that uses WebSockets through libraries, with the libraries' own servers. */
export interface LibraryApp {
  port: number;
  /** Opening requests of WebSockets. */
  upgrades: IncomingMessage[];
  close(): Promise<void>;
}

const PAGE =
  '<!doctype html><html><head><script src="/client.js"></script></head><body><h1>library app</h1></body></html>';

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { one: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      countdown: {
        type: GraphQLInt,
        args: { from: { type: GraphQLInt } },
        async *subscribe(_: unknown, { from }: { from: number }) {
          for (let value = from; value >= 0; value -= 1) {
            yield await Promise.resolve({ countdown: value });
          }
        },
      },
    },
  }),
});

async function clientScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${ROOT}tests/support/library-page.ts`],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
  });
  return outputFiles[0]?.text ?? '';
}

export async function startLibraryApp(): Promise<LibraryApp> {
  const script = await clientScript();
  const upgrades: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/socket.io/') === true) return;
    const isScript = request.url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : PAGE);
  });
  const socketIo = new SocketIoServer(server);
  socketIo.on('connection', (socket) => {
    socket.emit('greeting', 'hello');
    socket.on('echo', (data: unknown, answer: (data: unknown) => void) => answer(data));
    socket.on('leave', () => socket.disconnect());
  });
  const graphql = new WebSocketServer({ noServer: true });
  useServer({ schema }, graphql);
  const flaky = new WebSocketServer({ noServer: true });
  const met = new Set<string>();
  flaky.on('connection', (socket, { url = '' }) => {
    if (!met.has(url)) {
      met.add(url);
      return socket.close(1012, 'try again');
    }
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(request);
    const path = (request.url ?? '').replace(/\?.*/, '');
    const target = { '/graphql': graphql, '/flaky': flaky }[path];
    target?.handleUpgrade(request, socket, head, (opened) =>
      target.emit('connection', opened, request),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    upgrades,
    close: async () => {
      for (const client of [...graphql.clients, ...flaky.clients]) client.terminate();
      server.closeAllConnections();
      await socketIo.close();
    },
  };
}
