import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * The ports among which to look. From 32768 on Linux gives them to whoever asks for any, a client's socket too: one
 * that is let go for a moment there may be another's by then.
 */
const [FIRST, COUNT] = [10_000, 22_000];
const given = new Set<number>();

/** A port on which nobody listens, at any address of this machine, and another each time: for programs that can't take any, or must find theirs again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + randomInt(COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
