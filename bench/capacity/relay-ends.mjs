// The two ends of a relay, which has no idea what passes.
import { LIMITS } from '@wingman/protocol';

const MESSAGE = Buffer.alloc(16 * 1024, 7);
/** As much as an end lets wait in its own socket. */
const AHEAD = 512 * 1024;
/** What is on its way at most, as of one download: without a bound, the buffers of the kernel decide who gets how much for minutes. */
export const WINDOW = LIMITS.streamWindowBytes;
const CREDIT_BYTES = WINDOW / 4;

/** A viewer has to say something soon. */
const HELLO = Buffer.of(0);
const SEND = Buffer.of(1);
const CREDIT = Buffer.of(2);
/** What the host's end may send by what the viewer has said. */
const ROOM = new Map([
  [SEND[0], WINDOW],
  [CREDIT[0], CREDIT_BYTES],
]);

/** The host's end: sends from when the viewer says so. */
export function serveEnd(socket) {
  let isPreface = true;
  let room = 0;
  /** Sends for as long as the socket takes it, and the viewer. */
  const fill = () => {
    while (isTaken(socket) && room >= MESSAGE.length) {
      room -= MESSAGE.length;
      socket.send(MESSAGE, () => setImmediate(fill));
    }
  };
  socket.on('message', ([said]) => {
    if (!isPreface) room += ROOM.get(said) ?? 0;
    isPreface = false;
    fill();
  });
}

const isTaken = (socket) => socket.readyState === socket.OPEN && socket.bufferedAmount < AHEAD;

/** The viewer's end; `bytes` is what has come. */
export class ViewerEnd {
  bytes = 0;
  isOpen = false;
  #credited = 0;

  constructor(socket) {
    this.socket = socket;
    socket.once('open', () => {
      this.isOpen = true;
      socket.send(HELLO);
    });
    socket.once('close', () => (this.isOpen = false));
    socket.on('error', () => undefined);
    socket.on('message', (data) => this.#take(data.length));
  }

  #take(bytes) {
    this.bytes += bytes;
    if (this.bytes - this.#credited < CREDIT_BYTES) return;
    this.#credited += CREDIT_BYTES;
    this.socket.send(CREDIT);
  }

  /** Asks the host's end for bytes without end. */
  begin() {
    if (this.isOpen) this.socket.send(SEND);
  }
}
