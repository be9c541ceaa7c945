import type { LinkStatus } from './status.js';

/** What the page about diagnostics sees of the shell around it. */
export interface Diagnosed {
  /** Undefined in ingress mode. */
  readonly tunnel: { status(): Promise<LinkStatus> } | undefined;
  readonly p2p: DiagnosedP2p | undefined;
}

interface DiagnosedP2p {
  /** Why there is no direct path, in words for people; undefined while nobody knows, or there is one. */
  readonly whyNot: string | undefined;
  readonly last: DiagnosedAttempt | undefined;
}

/** An attempt at a direct path, under way or over. */
export interface DiagnosedAttempt {
  /** The parts of an RTCPeerConnection that are read. */
  readonly peer: {
    getStats(): Promise<{ forEach(each: (entry: unknown) => void): void }>;
    getConfiguration(): { iceServers?: readonly { urls: string | readonly string[] }[] };
  };
  /** Candidates of both ends, as lines of RFC 8839 section 5.1. */
  readonly seen: Readonly<Record<'viewer' | 'host', readonly string[]>>;
}
