// A host in a process of its own, before an app that answers with whatever bytes it is told: each
// message is a list of answers (latin1), and the reply says how the exchange of each has ended.
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  create,
  headersFromRaw,
  Link,
  memoryCarrierPair,
  Mux,
  newLinkId,
  openWebSocket,
  request,
  RequestHead,
  WebSocketOpen,
} from '@wingman/protocol';
import { LocalApp } from '../../dist/exchange/local-app.js';

/** Far more than an answer takes while a busy machine does something else. */
const HANGING_MS = 20_000;
const answers = new Map();
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    const index = /^\S+ \/(\d+)/.exec(bytes.toString('latin1'))?.[1];
    socket.end(Buffer.from(answers.get(index) ?? '', 'latin1'));
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const app = new LocalApp(server.address().port, () => 'http://abc.localhost:8787');
const id = newLinkId();
const [viewer, host] = ['initiator', 'acceptor'].map((role) => new Link({ id, role }));
const mux = new Mux(viewer);
app.serve(host, 'viewer', { viewer: () => id });
const [left, right] = memoryCarrierPair();
viewer.attach(left, 'relay');
host.attach(right, 'relay');

async function ask(index, method) {
  const head = create(RequestHead, {
    method,
    target: `/${index}`,
    headers: headersFromRaw(['wingman-page-path', '/', 'cookie', 'a=1']),
    destination: 'iframe',
    mode: 'navigate',
  });
  const { head: answer, body, trailers } = await request(mux, head);
  for await (const chunk of body) void chunk;
  await trailers;
  return String(answer.status);
}

async function open(index) {
  const socket = openWebSocket(mux, create(WebSocketOpen, { target: `/${index}` }));
  const { protocol } = await socket.accepted;
  return `accepted ${protocol}`;
}

function outcome(exchange) {
  const ended = exchange.catch((error) => error.code ?? String(error));
  return Promise.race([ended, delay(HANGING_MS, 'HANGING', { ref: false })]);
}

/** The viewer may hear of an end before the host is done with it. */
async function allOver() {
  while (app.activeExchanges > 0) await delay(5);
}

process.on('message', async ({ answers: texts, kind }) => {
  const ends = [];
  for (const [index, { text, method }] of texts.entries()) {
    answers.set(String(index), text);
    ends.push(await outcome(kind === 'http' ? ask(index, method) : open(index)));
  }
  await outcome(allOver());
  process.send({ ends, active: app.activeExchanges });
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
