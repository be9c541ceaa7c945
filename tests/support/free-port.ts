import { createServer } from 'node:net';

/**
 * The ports among which to look. From 32768 on Linux gives them to whoever asks for any, a client's socket too: one
 * that is let go for a moment there may be another's by then.
 */
const [FIRST, COUNT] = [20_000, 12_000];

/** A port on which nobody listens now, for programs that can't take any free one, or must find theirs again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (await isFree(port)) return port;
  }
}

/** On any address, as servers listen that are told none. */
function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
