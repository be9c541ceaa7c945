// The two ends of a relay, which has no idea what passes.
const MESSAGE = Buffer.alloc(16 * 1024, 7);
/** As much as an end lets wait in its own socket. */
const AHEAD = 512 * 1024;

/** A viewer has to say something soon. */
const HELLO = Buffer.of(0);
const SEND = Buffer.of(1);

/** The host's end: sends from when the viewer says so. */
export function serveEnd(socket) {
  let isPreface = true;
  socket.on('message', (data) => {
    if (!isPreface && data[0] === SEND[0]) pump(socket);
    isPreface = false;
  });
}

/** Sends for as long as the socket takes it. */
function pump(socket) {
  const fill = () => {
    while (socket.readyState === socket.OPEN && socket.bufferedAmount < AHEAD) {
      socket.send(MESSAGE, () => setImmediate(fill));
    }
  };
  fill();
}

/** The viewer's end; `bytes` is what has come. */
export class ViewerEnd {
  bytes = 0;
  isOpen = false;

  constructor(socket) {
    this.socket = socket;
    socket.once('open', () => {
      this.isOpen = true;
      socket.send(HELLO);
    });
    socket.once('close', () => (this.isOpen = false));
    socket.on('error', () => undefined);
    socket.on('message', (data) => (this.bytes += data.length));
  }

  /** Asks the host's end for bytes without end. */
  begin() {
    if (this.isOpen) this.socket.send(SEND);
  }
}
