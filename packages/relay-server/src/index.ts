export { hostVariables, shareConfig, shareOptions, type ShareConfig } from './config.js';
export { HOST_LIMITS } from './limits.js';
export { Host } from './tunnel/host.js';
export type { HostEvents, HostOptions, StopReason } from './tunnel/host-types.js';
export { HostIdentity, namedIdentity } from './tunnel/identity.js';
export {
  loadEngine,
  type EngineChoice,
  type Peer,
  type PeerEngine,
  type PeerHandlers,
} from './tunnel/webrtc/webrtc-adapter.js';
