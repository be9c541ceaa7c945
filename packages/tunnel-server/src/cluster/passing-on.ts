import { systemCode } from '@wingman/node-kit';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { SERVER_LIMITS } from '../limits.js';

/** A request that may have to be passed on more than once. */
export interface Passing {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly here: () => void;
  /** When a node first did not answer. */
  failedAt: number | undefined;
  /** The node that has been asked last, and when. */
  origin: string;
  askedAt: number;
}

/** Whether a request can be sent again: it has no body that is on its way already, and cannot have had an effect. */
export function isRepeatable(error: Error, { headers, method = '' }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = headers;
  const hasSentNothing = systemCode(error) === 'ECONNREFUSED';
  const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method);
  return Number(length) === 0 && coding === undefined && (isSafe || hasSentNothing);
}

/** Gives up a connection that takes too long. The system would wait for an unreachable node for minutes. */
export function giveUpLate(request: ClientRequest): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const late = setTimeout(() => request.destroy(), SERVER_LIMITS.peerConnectMs);
    for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(late));
  });
}
