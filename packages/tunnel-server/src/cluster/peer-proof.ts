import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { SERVER_LIMITS } from '../limits.js';
import { isSameSecret } from '../sessions/registration.js';

/** The header field that shows a node that another node has passed a request on. */
export const PEER_FIELD = 'wingman-peer';

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Proves to another node that this request comes from a node with the same secret. The proof holds for SERVER_LIMITS.peerProofMs. */
export function provePeer(secret: string, req: Asked, now: number): string {
  return `${now}.${proofOf(secret, req, now)}`;
}

/** Whether `provePeer` made this field, for this request and within SERVER_LIMITS.peerProofMs. */
export function isPeerProof(secret: string, req: Asked, field: string, now: number): boolean {
  const [time = '', proof = ''] = field.split('.');
  const at = /^\d{1,15}$/.test(time) ? Number(time) : -Infinity;
  if (Math.abs(now - at) > SERVER_LIMITS.peerProofMs) return false;
  return isSameSecret(proofOf(secret, req, at), proof);
}

function proofOf(secret: string, { headers, method, url }: Asked, at: number): string {
  const said = [at, method, headers.host, url].join('\n');
  return createHmac('sha256', secret).update(`wingman-peer-v1\n${said}`).digest('base64url');
}
