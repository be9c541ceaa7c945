import type { SocketRequest } from './exchange-messages.js';

/**
 * Where workers call for a tunnel: a BroadcastChannel of this name. A worker of the app knows nobody to whom it could
 * hand a port, so neither `ask` nor a stream of a shared port can carry this.
 */
export const LOBBY = 'wingman-sockets';

/** A worker wants a WebSocket; the conversation is on a channel of its own. */
export interface SocketCall {
  /** Random: names the channel and the locks. */
  id: string;
  /** The tab whose tunnel is meant; null for any. */
  tab: string | null;
  request: SocketRequest;
}

/** The tunnel's first message on the socket's own channel; SocketEvents follow. */
export interface SocketServed {
  kind: 'served';
}

/** The socket's own BroadcastChannel. */
export function channelOf(id: string): string {
  return `wingman-socket-${id}`;
}

/** A Web Lock that each end holds while it lives: nothing else tells of a worker that was terminated. */
export function lockOf(id: string, end: 'caller' | 'server'): string {
  return `wingman-${end}-${id}`;
}
