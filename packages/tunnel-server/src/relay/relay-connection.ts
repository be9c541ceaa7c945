import { sendDialPreface } from '@wingman/node-kit';
import { CloseCode, toWingmanError, type ErrorCode } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Session } from '../sessions/session.js';
import type { DialBackPool } from './dial-back-pool.js';
import type { SpliceRoster } from './splice.js';

/** What a relay connection needs of a session. */
export interface RelayTarget {
  readonly session: Session;
  readonly relayDials: DialBackPool;
  readonly splices: SpliceRoster;
}

/** Who asks for a relay connection. */
export interface RelayClient {
  readonly linkId: string;
  /** Empty when the browser has none. */
  readonly viewerId: string;
  readonly address: string;
  /** What logs call the request that has opened the connection. */
  readonly requestId: string | undefined;
}

const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  HOST_OFFLINE: CloseCode.HOST_OFFLINE,
  SESSION_ENDED: CloseCode.SESSION_ENDED,
  LIMIT_EXCEEDED: CloseCode.TOO_MANY_VIEWERS,
  TIMEOUT: CloseCode.HOST_OFFLINE,
};

/** Ends a viewer that sends nothing in time: it would hold a connection of the host for ever. */
function expectFirstMessage(viewer: WebSocket): void {
  const late = (): void => viewer.close(CloseCode.DEAD_PEER, 'the viewer said nothing');
  const deadline = setTimeout(late, SERVER_LIMITS.firstMessageMs);
  const cancel = (): void => clearTimeout(deadline);
  viewer.once('message', cancel).once('close', cancel);
}

/** Joins a viewer's relay WebSocket with a dial-back of the host, or closes it with the reason. */
export async function connectRelay(
  { relayDials, session, splices }: RelayTarget,
  viewer: WebSocket,
  { address, linkId, viewerId }: RelayClient,
): Promise<void> {
  viewer.on('error', () => undefined);
  if (session.state !== 'online')
    return viewer.close(CloseCode.HOST_OFFLINE, 'the host is offline');
  const release = splices.reserve(linkId);
  if (release === undefined) {
    return viewer.close(CloseCode.TOO_MANY_VIEWERS, 'the session has too many viewers');
  }
  // What the viewer says meanwhile stays in its socket: nothing has to be kept here.
  viewer.pause();
  try {
    const ready = await relayDials.take();
    sendDialPreface(ready.socket, viewerId, address);
    const ends = { viewer, host: ready.socket, hostEarly: ready.claim() };
    splices.join(linkId, ends);
    expectFirstMessage(viewer);
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    viewer.resume();
    viewer.close(CLOSE_CODES[code] ?? CloseCode.GOING_AWAY, message);
  } finally {
    release();
  }
}
