import type { ExchangePath, Path } from '@wingman/protocol';

/** What carried an exchange; `replay` is one that the inspector has sent itself. */
export type RecordedPath = ExchangePath | 'replay';

/** A field of a head. `isSecret`: its value, or a part of it, is masked until it is asked for. */
export interface Field {
  readonly name: string;
  readonly value: string;
  readonly isSecret?: boolean;
}

/** `running` until the exchange has ended; the others are the ends that observers are told. */
export type Outcome = 'running' | 'complete' | 'refused' | 'aborted' | 'unused';

/** Whose a tab is, as the terminal has it. */
export interface VisitorName {
  readonly number: number;
  readonly browser: string;
}

/** One line of the list. */
export interface ExchangeSummary {
  /** Counts up from 1. */
  readonly id: number;
  readonly kind: 'http' | 'websocket';
  readonly method: string;
  /** Origin form, without what signed a URL. */
  readonly target: string;
  /** The local port that it went to. */
  readonly port: number;
  /** Undefined before the head of the answer. */
  readonly status?: number;
  /** The answer's content type, without its parameters. */
  readonly type?: string;
  readonly path: RecordedPath;
  /** The id of the viewer's link; empty when no viewer has asked. */
  readonly viewer: string;
  /** Undefined while it isn't known whose the link is. */
  readonly visitor?: VisitorName;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  /** In milliseconds; undefined while it runs. */
  readonly durationMs?: number;
  /** Bytes of bodies or messages. */
  readonly upload: number;
  readonly download: number;
  readonly outcome: Outcome;
  /** Why it ended early. */
  readonly code?: string;
}

/** Where the time of an exchange went. */
export type PhaseName = 'path' | 'host' | 'app' | 'viewer' | 'open';

/** One bar of the waterfall, in milliseconds from the exchange's begin. */
export interface Phase {
  readonly name: PhaseName;
  readonly from: number;
  readonly ms: number;
}

/** What is kept of a body. */
export interface KeptBody {
  /** Bytes that have passed. */
  readonly bytes: number;
  /** Bytes that are kept, from the body's beginning. */
  readonly kept: number;
  /** Whether the body has come to its end. */
  readonly isComplete: boolean;
}

/** An exchange with everything that is kept of it. */
export interface ExchangeDetail extends ExchangeSummary {
  /** The request as the opener has sent it, and as the app got it. */
  readonly asked: readonly Field[];
  readonly sent: readonly Field[];
  /** The answer as the opener got it. */
  readonly answer: readonly Field[];
  readonly statusText: string;
  /** Every path that carried it, in order. */
  readonly paths: readonly RecordedPath[];
  /** The link's round trip when it began, in milliseconds. */
  readonly rttMs?: number;
  readonly phases: readonly Phase[];
  readonly requestBody: KeptBody;
  readonly responseBody: KeptBody;
  /** Messages that were kept and have been dropped again. */
  readonly droppedMessages: number;
  /** Who ended it early. */
  readonly by?: string;
  /** How a WebSocket was closed. */
  readonly close?: { readonly code: number; readonly reason: string };
  /** Whether anything in it is masked. */
  readonly hasSecrets: boolean;
}

/** A message of a WebSocket, or a piece of an event stream. */
export interface LiveMessage {
  /** Counts up from 1 within its exchange. */
  readonly id: number;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly direction: 'upload' | 'download';
  readonly isText: boolean;
  /** All of it, of which no more than a part may be kept. */
  readonly bytes: number;
  /** Text as it is, other bytes in base64. */
  readonly data: string;
  readonly isCut: boolean;
}

/** What is sent again, edited or not. A field whose value is the mask keeps the value that was recorded. */
export interface ReplayRequest {
  /** The exchange that it repeats. */
  readonly of: number;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly Field[];
  /** Undefined: the body that was recorded. */
  readonly body?: string;
}

/** What stands in place of a secret. */
export const MASK = '••••••';

/** Which end of a viewer's link a candidate belongs to. */
export interface CandidateInfo {
  readonly end: 'host' | 'viewer';
  /** `host`, `srflx`, `prflx` or `relay` (RFC 8445 section 5.1.1). */
  readonly type: string;
  readonly protocol: string;
  readonly address: string;
}

/** What carries a viewer's link on one path. */
export interface LaneInfo {
  readonly kind: 'p2p' | 'relay';
  readonly rttMs: number | null;
  readonly in: number;
  readonly out: number;
}

/** One viewer, that is one tab. */
export interface ViewerInfo {
  /** The id of the tab's link. */
  readonly id: string;
  readonly browser: string;
  readonly address?: string;
  readonly path: Path;
  readonly rttMs: number | null;
  /** How often the path has changed. */
  readonly switches: number;
  readonly lanes: readonly LaneInfo[];
  readonly candidates: readonly CandidateInfo[];
  /** The visitor to approve or remove; undefined before the first request. */
  readonly visitor?: number;
}

/** A reviewer's browser, whose tabs are viewers. */
export interface VisitorEntry {
  readonly number: number;
  readonly browser: string;
  readonly address?: string;
  readonly standing: 'new' | 'waiting' | 'admitted' | 'refused';
}

/** A viewer at one moment. */
export interface Sample {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly rttMs: number | null;
  /** Bytes a second since the sample before, towards the viewer and from it. */
  readonly down: number;
  readonly up: number;
  readonly path: Path;
}

export interface ViewersState {
  readonly viewers: readonly ViewerInfo[];
  readonly visitors: readonly VisitorEntry[];
  /** By viewer, the oldest first. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

/** What a page is told first, and then as it happens. */
export type FeedEvent =
  | { readonly event: 'exchanges'; readonly exchanges: readonly ExchangeSummary[] }
  | { readonly event: 'forgotten'; readonly before: number }
  | { readonly event: 'cleared' }
  | { readonly event: 'viewers'; readonly state: ViewersState };

/** The field of a request that carries the page's token. */
export const TOKEN_FIELD = 'x-wingman-inspector';
