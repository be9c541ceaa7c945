// The part of @roamhq/wrtc this host uses. The package's own types refer to the DOM's, which a Node program doesn't load.

interface WrtcDescription {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

export interface WrtcChannel {
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
  readonly bufferedAmount: number;
  binaryType: 'arraybuffer';
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  send(data: Uint8Array): void;
  close(): void;
}

interface WrtcCandidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
}

/** What is read of an entry of the statistics (WebRTC Statistics section 6). */
interface WrtcStatistic {
  readonly id: string;
  readonly type: string;
  readonly selectedCandidatePairId?: string;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
}

export interface WrtcConnection {
  readonly connectionState: string;
  readonly iceConnectionState: string;
  onicecandidate: ((event: { readonly candidate: WrtcCandidate | null }) => void) | null;
  ondatachannel: ((event: { readonly channel: WrtcChannel }) => void) | null;
  onconnectionstatechange: (() => void) | null;
  oniceconnectionstatechange: (() => void) | null;
  createDataChannel(label: string): WrtcChannel;
  createOffer(): Promise<WrtcDescription>;
  createAnswer(): Promise<WrtcDescription>;
  setLocalDescription(description: WrtcDescription): Promise<void>;
  setRemoteDescription(description: WrtcDescription): Promise<void>;
  getStats(): Promise<ReadonlyMap<string, WrtcStatistic>>;
  addIceCandidate(candidate: WrtcCandidate): Promise<void>;
  close(): void;
}

export interface WrtcLibrary {
  readonly RTCPeerConnection: new (configuration: {
    iceServers: { urls: string[]; username: string; credential: string }[];
  }) => WrtcConnection;
}
