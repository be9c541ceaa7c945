// Loaded into a node: counts what is copied from one buffer to another, and what its sockets take and give. Answers SIGUSR2.
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

let copied = 0;
const sockets = new Set();
let before = { read: 0, written: 0 };

const { set } = Uint8Array.prototype;
Object.getPrototypeOf(Uint8Array.prototype).set = function (source, offset) {
  copied += source.byteLength ?? 0;
  return set.call(this, source, offset);
};
const { concat } = Buffer;
Buffer.concat = (list, length) => {
  const joined = concat(list, length);
  copied += joined.byteLength;
  return joined;
};
const { copy } = Buffer.prototype;
Buffer.prototype.copy = function (...given) {
  const count = copy.apply(this, given);
  copied += count;
  return count;
};

const { emit } = Socket.prototype;
Socket.prototype.emit = function (event, ...given) {
  if (event === 'data' && !sockets.has(this)) {
    sockets.add(this);
    this.once('close', () => {
      sockets.delete(this);
      before = { read: before.read + this.bytesRead, written: before.written + this.bytesWritten };
    });
  }
  return emit.call(this, event, ...given);
};

process.on('SIGUSR2', () => {
  let { read, written } = before;
  for (const socket of sockets) {
    read += socket.bytesRead;
    written += socket.bytesWritten;
  }
  writeFileSync(process.env.WINGMAN_PROBE_FILE, JSON.stringify({ copied, read, written }));
});
