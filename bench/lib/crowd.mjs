// Hostile clients of one tunnel server, as many and for as long as its arguments say; prints what became of them.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { proveRegistration } from '@wingman/node-kit';
import {
  decodeEnvelope,
  encodeEnvelope,
  HostMessage,
  newLinkId,
  PROTOCOL_VERSION,
  ServerToHost,
  sessionNameFor,
} from '@wingman/protocol';
import { WebSocket } from 'ws';

const [port, session, count, seconds] = process.argv
  .slice(2)
  .map((text, index) => (index === 1 ? text : Number(text)));
const PAUSE_MS = 1_000;
const HELD_MS = 5_000;
const DRIP_MS = 500;
/** So many clients share each of the few addresses; the others have one of their own. */
const CROWDED = 4;

const outcomes = new Map();
const end = performance.now() + seconds * 1_000;
const isOver = () => performance.now() >= end;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Every second client shares an address with many, so that limits by address are hit; the others go round them. */
function addressOf(client) {
  return client % 2 === 0
    ? `127.9.0.${1 + (client % CROWDED)}`
    : `127.10.${client >> 8}.${client & 255}`;
}

function ask(localAddress, host, path, options = {}) {
  return new Promise((resolve) => {
    const headers = { host, connection: 'close', ...options.headers };
    const where = {
      host: '127.0.0.1',
      port,
      path,
      localAddress,
      ...options,
      headers,
      agent: false,
    };
    const asked = request(where, (response) => {
      const code = response.headers['wingman-error'] ?? '';
      response.on('error', () => undefined).resume();
      response.once('close', () => resolve(`${response.statusCode} ${code}`.trim()));
    });
    asked.once('error', ({ code }) => resolve(code ?? 'dropped')).end(options.body);
  });
}

/** A connection that says something at most, for a while. */
function hold(localAddress, drip = []) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    const timers = drip.map((text, index) => setTimeout(() => socket.write(text), index * DRIP_MS));
    timers.push(setTimeout(() => resolve('held'), HELD_MS));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
    socket
      .on('error', () => undefined)
      .once('close', () => {
        timers.forEach(clearTimeout);
        resolve(/^HTTP\/1.1 (\d+)/.exec(heard)?.[1] ?? 'dropped');
      });
    timers.push(setTimeout(() => socket.destroy(), HELD_MS));
  });
}

function openSocket(localAddress, host, path, use = () => undefined) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
      headers: { host },
      localAddress,
      perMessageDeflate: false,
    });
    let outcome;
    const say = (text) => (outcome ??= text);
    const timer = setTimeout(() => socket.terminate(), HELD_MS);
    socket.on('unexpected-response', (_request, response) => {
      say(`${response.statusCode} ${response.headers['wingman-error'] ?? ''}`.trim());
      socket.terminate();
    });
    socket.on('error', ({ code }) => say(code ?? 'dropped'));
    socket.once('close', (code) => {
      clearTimeout(timer);
      resolve(outcome ?? `closed ${code}`);
    });
    use(socket, say);
  });
}

/** A new session, registered with a key of its own, and left after a moment. */
async function register(localAddress) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const name = await sessionNameFor(publicKey.export({ format: 'der', type: 'spki' }));
  return openSocket(localAddress, `localhost:${port}`, '/__wingman/host', (socket, say) => {
    socket.on('message', (data) => {
      const message = decodeEnvelope(ServerToHost, data);
      if (message?.$case === 'hostRegistered') say('registered');
      if (message?.$case === 'refusal') say(message.value.code);
      if (message?.$case !== 'challenge') return;
      const value = {
        ...proveRegistration(privateKey, name, message.value.nonce),
        ttlSeconds: 60,
        gateKey: randomBytes(32),
        ingressAllowed: true,
        protocolVersion: PROTOCOL_VERSION,
        instance: randomBytes(16),
      };
      socket.send(encodeEnvelope(HostMessage, { $case: 'registerHost', value }));
    });
  });
}

const SLOW_HEAD = [...`GET / HTTP/1.1\r\nhost: ${session}\r\n`];

const ATTACKS = [
  ['registers', register],
  [
    'asks for unknown names',
    (from) => ask(from, `${randomBytes(8).toString('hex')}.localhost:${port}`, '/'),
  ],
  ['asks without the key', (from) => ask(from, session, '/')],
  ['says nothing', (from) => hold(from)],
  ['says its head byte by byte', (from) => hold(from, SLOW_HEAD)],
  [
    'sends first flights',
    (from) => {
      const path = `/__wingman/relay?link=${newLinkId()}`;
      return ask(from, session, path, { method: 'POST', body: randomBytes(4_096) });
    },
  ],
  ['opens signaling', (from) => openSocket(from, session, `/__wingman/signal?tab=${newLinkId()}`)],
  ['opens the relay', (from) => openSocket(from, session, `/__wingman/relay?link=${newLinkId()}`)],
  ['opens the app’s WebSocket', (from) => openSocket(from, session, '/ws')],
];

async function attack(client) {
  const [name, act] = ATTACKS[client % ATTACKS.length];
  // They don't all come in the same millisecond.
  await wait((client % 100) * (PAUSE_MS / 100));
  while (!isOver()) {
    const key = `${name}: ${await act(addressOf(client))}`;
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
    await wait(PAUSE_MS);
  }
}

await Promise.all(Array.from({ length: count }, (_, client) => attack(client)));
console.log(JSON.stringify(Object.fromEntries([...outcomes].sort())));
