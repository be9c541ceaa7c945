import { ABNORMAL_CLOSURE, CloseCode, NO_STATUS } from '@wingman/protocol';
import type { WebSocket } from 'ws';

/** Closed because TLS failed (RFC 6455 section 7.4.1); like the next two it is never sent. */
const TLS_FAILURE = 1015;
const RESERVED = 1004;
/** What fits into a close frame beside its code (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;

/** Whether an endpoint may send this close code (RFC 6455 section 7.4). */
export function isSendableCode(code: number): boolean {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![RESERVED, NO_STATUS, ABNORMAL_CLOSURE].includes(code);
}

/** The code to pass on for a received one: some codes only say that none was sent. */
export function relayedCode(code: number): number {
  const isAbsence = [RESERVED, NO_STATUS, ABNORMAL_CLOSURE, TLS_FAILURE].includes(code);
  return isAbsence ? CloseCode.GOING_AWAY : code;
}

/** A close as a WebSocket of the tunnel tells it. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** Closes a WebSocket as its other end was closed: without a status, abnormally, or with code and reason. */
export function closeLike(socket: WebSocket, { code, reason }: Close): void {
  // A paused socket would never read the peer's close frame.
  socket.resume();
  if (code === NO_STATUS) return socket.close();
  // The other end is not trusted with our frames: what must not be sent ends the socket.
  const fits = isSendableCode(code) && Buffer.byteLength(reason) <= MAX_REASON_BYTES;
  if (fits) socket.close(code, reason);
  else socket.terminate();
}
