import { RequestHead, WebSocketOpen } from '../gen/wingman/v1/exchange.js';
import type { Link } from '../link/link.js';
import type { MuxStream } from '../mux/mux-stream.js';
import { Mux } from '../mux/mux.js';
import { IncomingRequest } from './incoming-request.js';
import { IncomingWebSocket } from './incoming-websocket.js';
import { decodeLaneOffer, LaneNegotiation } from './lane-negotiation.js';
import { MessageType } from './message-type.js';
import { decodeMessage } from './proto-message.js';

/** The handlers of the exchanges that a host accepts. */
export interface ExchangeHandlers {
  request(incoming: IncomingRequest): void;
  webSocket(incoming: IncomingWebSocket): void;
  /** The peer offers a further lane of the direct path. Without this handler every such offer is refused. */
  lane?: ((negotiation: LaneNegotiation, sdp: string) => void) | undefined;
}

/** Accepts every exchange that the peer of a link opens. A malformed one is reset with PROTOCOL_ERROR. */
export function acceptExchanges(link: Link, handlers: ExchangeHandlers): Mux {
  const mux: Mux = new Mux(link, {
    onStream: (stream, open) => {
      try {
        dispatch(stream, open, mux, handlers);
      } catch {
        stream.reset('PROTOCOL_ERROR');
      }
    },
  });
  return mux;
}

function dispatch(stream: MuxStream, open: Uint8Array, mux: Mux, handlers: ExchangeHandlers): void {
  const payload = open.subarray(1);
  switch (open[0]) {
    case MessageType.REQUEST: {
      const head = decodeMessage(RequestHead, payload);
      if (head.unpacksHeads) mux.packHeads();
      if (head.readsLast) mux.joinEnds();
      if (head.readsUnordered) mux.sendUnordered();
      return handlers.request(new IncomingRequest(stream, head));
    }
    case MessageType.WEBSOCKET_OPEN:
      return handlers.webSocket(
        new IncomingWebSocket(stream, decodeMessage(WebSocketOpen, payload)),
      );
    case MessageType.LANE_OFFER:
      if (handlers.lane === undefined) return stream.reset('REFUSED');
      return handlers.lane(new LaneNegotiation(stream), decodeLaneOffer(payload));
    default:
      return stream.reset('PROTOCOL_ERROR');
  }
}
