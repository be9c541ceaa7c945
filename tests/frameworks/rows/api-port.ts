import type { Framework } from '../framework.js';

const API = `const { createServer } = require('node:http');
const cors = require('cors');
const express = require('express');
const { WebSocketServer } = require('ws');

const api = express();
api.use(cors({ origin: process.env.APP_ORIGIN, credentials: true }));
api.use(express.json());
api.get('/greeting', (request, response) => {
  response.cookie('seen', 'yes', { httpOnly: true }).json({ text: 'greeted by the API' });
});
api.put('/words', (request, response) => {
  const { cookie = 'no cookie' } = request.headers;
  response.json({ text: 'the API keeps ' + request.body.word + ' with ' + cookie });
});
const server = createServer(api);
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('message', (text) => socket.send('the API echoes ' + text));
});
server.listen(Number(process.env.PORT));
`;

const APP = `import { useEffect, useState } from 'react';

const api = import.meta.env.VITE_API_URL;

export default function App() {
  const [count, setCount] = useState(0);
  const [lines, setLines] = useState<string[]>([]);
  const say = (line: string) => setLines((before) => [...before, line]);
  useEffect(() => {
    fetch(api + '/greeting', { credentials: 'include' })
      .then((response) => response.json())
      .then(({ text }) => say(text), (error) => say(String(error)));
  }, []);
  const save = async () => {
    const response = await fetch(api + '/words', {
      method: 'PUT',
      credentials: 'include',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ word: 'word' }),
    });
    say((await response.json()).text);
  };
  const talk = () => {
    const socket = new WebSocket(api.replace('http', 'ws'));
    socket.onopen = () => socket.send('talk');
    socket.onmessage = ({ data }) => say(data);
    socket.onerror = () => say('no socket');
  };
  return (
    <>
      <p>as it was made</p>
      <button id="counter" onClick={() => setCount(count + 1)}>Count is {count}</button>
      <button id="save" onClick={save}>Save</button>
      <button id="talk" onClick={talk}>Talk</button>
      {lines.map((line, n) => <p key={n}>{line}</p>)}
    </>
  );
}
`;

export const apiPort: Framework = {
  name: 'api-port',
  title: 'Vite + React, API on a second port',
  packages: ['vite', 'express', 'cors', 'ws'],
  scaffold: [
    'npm create vite@9 api-port -- --template react-ts --no-interactive',
    'cd api-port && npm install && npm install express@5 cors@2 ws@8',
    { 'src/App.tsx': APP, 'api.cjs': API },
  ],
  start: ({ app, api }) =>
    `APP_ORIGIN=http://localhost:${app} PORT=${api} node api.cjs & ` +
    `VITE_API_URL=http://localhost:${api} npm run dev -- --port ${app} --strictPort`,
  shareArgs: ({ api }) => ['--also', String(api)],
  framesHttp: true,
  needsTunnel: 'its API is on another port',
  shows: 'greeted by the API',
  counter: '#counter',
  edits: [
    {
      what: 'component',
      file: 'src/App.tsx',
      from: 'as it was made',
      to: 'as it was edited',
    },
  ],
  checks: [
    {
      what: 'fetch with preflight and cookie',
      run: (visit) => visit.clickUntil('#save', 'the API keeps word with seen=yes'),
    },
    { what: 'WebSocket', run: (visit) => visit.clickUntil('#talk', 'the API echoes talk') },
  ],
  notes: ['shared with --also'],
};
