import { bytesOf, sendDialPreface } from '@wingman/node-kit';
import {
  BAD_REQUEST,
  CloseCode,
  encodeRecord,
  HOST_OFFLINE,
  isLinkId,
  OVERLOADED,
  RecordReader,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SERVER_LIMITS } from '../limits.js';
import type { Metrics } from '../metrics.js';
import { sendProblem } from '../web/problems.js';
import { viewerIdOf } from '../web/client-identity.js';
import type { ReadySocket } from './dial-back-pool.js';
import type { RelayTarget } from './relay-connection.js';

/** A viewer's first flight: the messages in the request's body, for a connection of its own to the host. */
export interface FirstFlight {
  req: IncomingMessage;
  res: ServerResponse;
  linkId: string;
  /** Where it comes from. */
  address: string;
  target: RelayTarget;
  metrics: Metrics;
}

/**
 * Relays before the viewer's WebSocket is up: what is in the body goes to the host, and the host's
 * messages come back as records of the response, unread like a splice. It saves two round trips,
 * because it travels on the connection that has just brought the page.
 */
export async function serveFirstFlight(flight: FirstFlight): Promise<void> {
  const { linkId, req, res, target } = flight;
  const left = new AbortController();
  // Before the first await: the `close` event of a client that leaves comes only once.
  res.once('close', () => left.abort());
  const messages = await readMessages(req);
  if (messages === undefined || !isLinkId(linkId)) return sendProblem(req, res, BAD_REQUEST);
  if (target.session.state !== 'online') return sendProblem(req, res, HOST_OFFLINE);
  const release = target.splices.reserve();
  if (release === undefined) return sendProblem(req, res, OVERLOADED);
  let ready: ReadySocket;
  try {
    ready = await dial(target, left.signal);
  } catch (error) {
    if (left.signal.aborted) return;
    const isCrowded = toWingmanError(error, 'INTERNAL').code === 'LIMIT_EXCEEDED';
    return sendProblem(req, res, isCrowded ? OVERLOADED : HOST_OFFLINE);
  } finally {
    release();
  }
  res.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' });
  stream(flight, ready, messages);
}

/** A connection of the host, for a client that is still there; rejects with WingmanError. */
async function dial(target: RelayTarget, left: AbortSignal): Promise<ReadySocket> {
  const ready = await target.relayDials.take(left);
  if (ready.isOpen && !left.aborted) return ready;
  ready.close(CloseCode.GOING_AWAY, 'nobody is left to use it');
  throw new WingmanError('CANCELLED', 'one end has left while the other was called');
}

/** The messages of the body; undefined when there are too many or they are cut short. */
async function readMessages(req: IncomingMessage): Promise<Uint8Array[] | undefined> {
  const reader = new RecordReader();
  const messages: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req) {
      const piece = chunk as Buffer;
      bytes += piece.byteLength;
      if (bytes > SERVER_LIMITS.firstFlightBytes) return undefined;
      messages.push(...reader.push(piece));
      if (messages.length > SERVER_LIMITS.firstFlightMessages) return undefined;
    }
  } catch {
    return undefined;
  }
  return reader.isAtBoundary && messages.length > 0 ? messages : undefined;
}

function stream(
  { address, metrics, req, res, target }: FirstFlight,
  ready: ReadySocket,
  messages: readonly Uint8Array[],
): void {
  const { socket: host } = ready;
  const land = target.splices.launch(host);
  // Not `end`, which a client that reads nothing would put off for ever.
  const deadline = setTimeout(() => res.destroy(), SERVER_LIMITS.firstFlightMs);
  const forward = (message: Uint8Array): void => {
    metrics.relayBytes.inc({ direction: 'to_viewer' }, message.byteLength);
    if (!res.write(encodeRecord(message))) host.pause();
  };
  for (const message of ready.claim()) forward(message);
  host.on('message', (data) => forward(bytesOf(data)));
  res.on('drain', () => host.resume());
  host.on('close', () => res.end());
  res.on('close', () => {
    clearTimeout(deadline);
    land();
    host.resume();
    host.close(CloseCode.GOING_AWAY, 'the first flight is over');
  });
  sendDialPreface(host, viewerIdOf(req), address);
  for (const message of messages) {
    metrics.relayBytes.inc({ direction: 'to_host' }, message.byteLength);
    host.send(message, { binary: true });
  }
}
