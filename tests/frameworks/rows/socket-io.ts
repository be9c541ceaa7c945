import type { Framework } from '../framework.js';
import type { Visit } from '../visit.js';

const SERVER = `const { createServer } = require('node:http');
const express = require('express');
const { Server } = require('socket.io');

const app = express();
const server = createServer(app);
const io = new Server(server);

app.get('/', (request, response) => response.sendFile(__dirname + '/index.html'));
io.on('connection', (socket) => {
  socket.emit('welcome', 'welcome by ' + socket.conn.transport.name);
  socket.on('chat', (message, answer) => {
    io.emit('chat', message);
    answer(Buffer.from(message).toReversed());
  });
});
server.listen(Number(process.env.PORT));
`;

const PAGE = `<!doctype html>
<html>
  <head><meta charset="utf-8" /><title>Chat</title></head>
  <body>
    <h1>Express and socket.io</h1>
    <ul></ul>
    <script src="/socket.io/socket.io.js"></script>
    <script>
      const say = (text) => {
        const line = document.createElement('li');
        line.textContent = text;
        document.querySelector('ul').append(line);
      };
      window.chat = (name, transports) => {
        const socket = io({ transports, forceNew: true });
        socket.on('welcome', (text) => say(name + ' ' + text));
        socket.on('chat', (text) => say(name + ' hears ' + text));
        socket.on('connect_error', (error) => say(name + ' fails ' + error.message));
        socket.on('connect', () => {
          const { engine } = socket.io;
          const upgraded = () => say(name + ' upgraded');
          if (engine.transport.name === 'websocket') upgraded();
          else engine.once('upgrade', upgraded);
          socket.emit('chat', name, (bytes) => say(name + ' gets ' + new TextDecoder().decode(bytes)));
        });
      };
      document.body.className = 'ready';
    </script>
  </body>
</html>
`;

/** Messages both ways, text and bytes, over the given transports. */
const chats = (name: string, transports: string[], welcome: string) => async (visit: Visit) => {
  await visit.has('body.ready');
  await visit.root.evaluate(
    (...args) => (window as unknown as { chat(...args: unknown[]): void }).chat(...args),
    name,
    transports,
  );
  await visit.shows(`${name} welcome by ${welcome}`);
  await visit.shows(`${name} hears ${name}`);
  await visit.shows(`${name} gets ${[...name].reverse().join('')}`);
  if (transports.length > 1) await visit.shows(`${name} upgraded`);
};

export const socketIo: Framework = {
  name: 'socket-io',
  title: 'Express + socket.io',
  packages: ['express', 'socket.io'],
  scaffold: [
    {
      'package.json': JSON.stringify({ name: 'chat', private: true }),
      'server.js': SERVER,
      'index.html': PAGE,
    },
    'cd socket-io && npm install express@5 socket.io@4',
  ],
  start: ({ app }) => `PORT=${app} node server.js`,
  shows: 'Express and socket.io',
  edits: [],
  checks: [
    { what: 'WebSocket', run: chats('straight', ['websocket'], 'websocket') },
    { what: 'polling', run: chats('patient', ['polling'], 'polling') },
    { what: 'upgrade', run: chats('usual', ['polling', 'websocket'], 'polling') },
  ],
};
