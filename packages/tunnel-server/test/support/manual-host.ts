import type { IncomingRequest } from '@wingman/protocol';
import { Inbox } from './inbox.js';
import { startSession } from './server.js';

/** A host whose requests a test answers one by one. */
export async function startManual(overrides = {}) {
  const requests = new Inbox<IncomingRequest>();
  const session = await startSession({ request: (incoming) => requests.put(incoming) }, overrides);
  return { ...session, requests };
}
