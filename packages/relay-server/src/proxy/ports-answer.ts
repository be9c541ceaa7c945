import {
  headersFromRaw,
  PORTS_TARGET,
  type IncomingRequest,
  type PortsAnswer,
} from '@wingman/protocol';
import { responseHead } from './response-head.js';

/** Whether a viewer asks this host itself which ports it shares. */
export function asksForPorts({ head }: IncomingRequest): boolean {
  return head.method === 'GET' && head.target === PORTS_TARGET && head.port === 0;
}

/** Tells a viewer which ports it may name. */
export async function answerPorts(incoming: IncomingRequest, answer: PortsAnswer): Promise<void> {
  const headers = headersFromRaw(['content-type', 'application/json', 'cache-control', 'no-store']);
  try {
    incoming.respond(responseHead(200, '', headers));
    await incoming.write(new TextEncoder().encode(JSON.stringify(answer)));
    incoming.end();
  } catch {
    incoming.abort('UPSTREAM_ABORTED');
  }
}
