// What is there to be reached: two WebSockets of `ws` joined, with back-pressure and nothing else.
import { WebSocketServer } from 'ws';

const HIGH = 1024 * 1024;
const LOW = 256 * 1024;

const waiting = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });

function pump(from, to) {
  const sent = () => {
    if (from.isPaused && to.bufferedAmount <= LOW) from.resume();
  };
  from.on('message', (data) => {
    to.send(data, { binary: true }, sent);
    if (to.bufferedAmount > HIGH) from.pause();
  });
  from.once('close', () => to.terminate());
}

server.on('connection', (socket, { url }) => {
  socket.on('error', () => undefined);
  const [, side, link] = url.split('/');
  const other = waiting.get(link);
  if (other === undefined) {
    socket.pause();
    return waiting.set(link, { side, socket });
  }
  waiting.delete(link);
  pump(socket, other.socket);
  pump(other.socket, socket);
  other.socket.resume();
  // The host's end of a real splice gets a preface.
  (side === 'host' ? socket : other.socket).send(Buffer.of(0));
  return undefined;
});
server.once('listening', () => console.log(JSON.stringify({ port: server.address().port })));
