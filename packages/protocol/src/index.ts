export * from './backoff.js';
export * from './bounded-map.js';
export * from './carrier/base-carrier.js';
export * from './carrier/carrier.js';
export * from './carrier/memory-carrier.js';
export * from './clock.js';
export * from './emitter.js';
export * from './errors.js';
export * from './exchange/accept-exchanges.js';
export * from './exchange/cookies.js';
export * from './exchange/headers.js';
export * from './exchange/incoming-request.js';
export * from './exchange/incoming-websocket.js';
export { LaneNegotiation, offerLane } from './exchange/lane-negotiation.js';
export type { LaneMessage } from './exchange/lane-negotiation.js';
export * from './exchange/message-meter.js';
export * from './exchange/observation.js';
export * from './exchange/observer.js';
export * from './exchange/open-websocket.js';
export * from './exchange/proto-message.js';
export * from './exchange/request.js';
export * from './exchange/request-id.js';
export { gunzippedWhole, UNDONE_CODINGS } from './exchange/transfer-coding.js';
export * from './exchange/websocket.js';
export * from './format.js';
export {
  Header,
  PushedAnswer,
  RequestHead,
  ResponseHead,
  TransferCoding,
  WebSocketAccept,
  WebSocketClose,
  WebSocketOpen,
} from './gen/wingman/v1/exchange.js';
export {} from './gen/wingman/v1/handshake.js';
export {
  Answer,
  Capability,
  Challenge,
  ConnectionAccept,
  ConnectionReject,
  ConnectionRequest,
  ConnectionState,
  DialPreface,
  DialPurpose,
  Heartbeat,
  HostMessage,
  HostPresence,
  HostRegistered,
  IceCandidate,
  IceServer,
  Offer,
  P2pEvent,
  P2pFailure,
  PathChangeCause,
  PathReport,
  Refusal,
  RegisterHost,
  EndReason,
  RejectReason,
  ServerToHost,
  ServerToViewer,
  ViewerLeft,
  ViewerMessage,
} from './gen/wingman/v1/signaling.js';
export * from './fair-share.js';
export * from './limits.js';
export type { DeliveryPace } from './link/flight.js';
export type { Attachment, ChannelWay } from './link/lane-evidence.js';
export { isFar, LanePlan } from './link/lane-plan.js';
export * from './link/link-id.js';
export * from './link/link-types.js';
export * from './link/link.js';
export { PathHistory } from './link/path-history.js';
export type { Preference } from './link/path-policy.js';
export * from './mux/mux.js';
export * from './names/reserved.js';
export * from './names/session-name.js';
export * from './pages/app-problems.js';
export * from './pages/ask-again.js';
export * from './pages/entry-problems.js';
export * from './pages/leave-frame.js';
export * from './pages/own-page.js';
export * from './pages/problem.js';
export * from './pages/server-problems.js';
export * from './pages/session-problems.js';
export * from './pages/together.js';
export * from './promises.js';
export * from './seal/admission.js';
export * from './seal/binding.js';
export * from './seal/handshake.js';
export * from './seal/ingress-hello.js';
export * from './seal/link-key.js';
export { PrekeyRing } from './seal/prekey-ring.js';
export { SealedCarrier } from './seal/sealed-carrier.js';
export * from './state-machine.js';
export * from './signaling/envelopes.js';
export * from './signaling/mailbox.js';
export * from './signaling/nat-kind.js';
export * from './signaling/path-fault.js';
export * from './wire/bytes.js';
export * from './wire/record-stream.js';
