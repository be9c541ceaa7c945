import { createClient } from 'graphql-ws';
import reconnecting from 'reconnecting-websocket';
import { io } from 'socket.io-client';

// Its types are those of its CommonJS build; bundlers take the other one.
const ReconnectingWebSocket = reconnecting as unknown as typeof reconnecting.default;

/** The libraries as an app bundles them, and what the tests ask of each; runs in the browser. */
const probes = {
  /** Starts by polling and goes over to a WebSocket by itself. */
  async socketIo(): Promise<unknown> {
    const socket = io();
    const greeting = await new Promise((resolve) => socket.once('greeting', resolve));
    await new Promise<void>((resolve) => {
      if (socket.io.engine.transport.name === 'websocket') resolve();
      else socket.io.engine.once('upgrade', () => resolve());
    });
    const bytes = new Uint8Array([1, 2, 3]).buffer;
    const answer = (await socket.emitWithAck('echo', { text: 'grüß', bytes })) as {
      text: string;
      bytes: ArrayBuffer;
    };
    const ended = new Promise((resolve) => socket.once('disconnect', resolve));
    socket.emit('leave');
    const sizes = [answer.text, [...new Uint8Array(answer.bytes)]];
    return [greeting, socket.io.engine.transport.name, ...sizes, await ended];
  },

  async graphql(): Promise<unknown> {
    const url = `${location.origin.replace('http', 'ws')}/graphql`;
    const client = createClient({ url, retryAttempts: 0 });
    const values: unknown[] = [];
    for await (const { data } of client.iterate({ query: 'subscription { countdown(from: 3) }' }))
      values.push(data?.['countdown']);
    await client.dispose();
    return values;
  },

  /** The app closes the first connection; what is sent meanwhile is kept. */
  async reconnecting(): Promise<unknown> {
    const url = `${location.origin.replace('http', 'ws')}/flaky?${Math.random()}`;
    // Not before the app has closed it, however busy the machine.
    const options = { minReconnectionDelay: 50, connectionTimeout: 20_000 };
    const socket = new ReconnectingWebSocket(url, [], options);
    const codes: number[] = [];
    socket.addEventListener('close', ({ code }) => {
      codes.push(code);
      if (codes.length === 1) socket.send('kept');
    });
    const echo = await new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => resolve(data));
    });
    socket.close(1000, 'done');
    return [echo, codes[0]];
  },
};

Object.assign(window, { probes });
export type Probes = typeof probes;
