import { CloseCode, isLinkId, toWingmanError, type ErrorCode } from '@wingman/protocol';
import type { WebSocket } from 'ws';
import { SERVER_LIMITS } from '../limits.js';
import type { Session } from '../sessions/session.js';
import type { DialBack } from './dial-back.js';
import type { SpliceRoster } from './splice-roster.js';

/** What a viewer's relay URL says. */
export interface RelayWish {
  linkId: string;
  /** First messages for the host, sent in the URL to save a round trip. */
  early: Uint8Array[];
}

/** What a relay connection needs of a session. */
export interface RelayTarget {
  readonly session: Session;
  readonly relayDials: DialBack;
  readonly splices: SpliceRoster;
}

const CLOSE_CODES: Partial<Record<ErrorCode, number>> = {
  HOST_OFFLINE: CloseCode.HOST_OFFLINE,
  SESSION_ENDED: CloseCode.SESSION_ENDED,
  LIMIT_EXCEEDED: CloseCode.TOO_MANY_VIEWERS,
  TIMEOUT: CloseCode.HOST_OFFLINE,
};

/** Reads `link` and `m` of a relay URL; undefined when they are not what a viewer sends. */
export function parseRelayWish(query: URLSearchParams): RelayWish | undefined {
  const linkId = query.get('link') ?? '';
  const texts = query.getAll('m');
  if (!isLinkId(linkId) || texts.length > SERVER_LIMITS.urlMessages) return undefined;
  if (!texts.every((text) => /^[A-Za-z0-9_-]+$/.test(text))) return undefined;
  const early = texts.map((text) => Buffer.from(text, 'base64url'));
  const bytes = early.reduce((sum, message) => sum + message.byteLength, 0);
  return bytes > SERVER_LIMITS.urlMessageBytes ? undefined : { linkId, early };
}

/** Joins a viewer's relay WebSocket with a dial-back of the host, or closes it with the reason. */
export async function connectRelay(
  { relayDials, session, splices }: RelayTarget,
  viewer: WebSocket,
  wish: RelayWish,
): Promise<void> {
  viewer.on('error', () => undefined);
  if (session.state !== 'online')
    return viewer.close(CloseCode.HOST_OFFLINE, 'the host is offline');
  if (!splices.hasRoomFor(wish.linkId)) {
    return viewer.close(CloseCode.TOO_MANY_VIEWERS, 'the session has too many viewers');
  }
  // What the viewer says meanwhile stays in its socket: nothing has to be kept here.
  viewer.pause();
  try {
    const ready = await relayDials.take();
    const ends = { viewer, viewerEarly: wish.early, host: ready.socket, hostEarly: ready.claim() };
    splices.join(wish.linkId, ends);
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    viewer.resume();
    viewer.close(CLOSE_CODES[code] ?? CloseCode.GOING_AWAY, message);
  }
}
