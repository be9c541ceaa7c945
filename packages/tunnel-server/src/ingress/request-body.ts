import { WingmanError, type Clock } from '@wingman/protocol';
import type { IncomingMessage } from 'node:http';
import { SERVER_LIMITS } from '../limits.js';

/**
 * The body of a request. `stalled` is called when the client has sent nothing for
 * SERVER_LIMITS.uploadIdleMs, although a chunk was waited for.
 */
export async function* requestBody(
  req: IncomingMessage,
  clock: Clock,
  stalled: () => void,
): AsyncGenerator<Uint8Array> {
  // Leaving it early must not destroy the socket that the response goes out on.
  const chunks = req.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const timer = clock.setTimeout(stalled, SERVER_LIMITS.uploadIdleMs);
      const next = await chunks.next().finally(() => timer.cancel());
      if (next.done === true) return;
      const chunk: unknown = next.value;
      if (!(chunk instanceof Uint8Array)) throw new WingmanError('INTERNAL', 'a body is bytes');
      yield chunk;
    }
  } finally {
    await chunks.return?.();
  }
}
