import type { Damage } from './pattern.js';

/** What the page has seen so far; counts only grow. */
export interface PageReport {
  /** How often the document has been loaded in this tab. */
  loads: number;
  download: { done: number; bytes: number } & Damage;
  upload: { done: number };
  small: { done: number; wrong: number };
  counter: { done: number };
  socket: { opened: number; closed: number; echoed: number; lost: number; repeated: number };
  events: { received: number; cut: number; lost: number; repeated: number };
  /** The version that hot updates have brought; -1 before the module is there that takes them. */
  version: number;
  /** Requests that failed: what, and why. */
  failures: string[];
  /** Longest time without any useful byte since the last call of `mark`, milliseconds. */
  gapMs: number;
  /** Of the requests with a short answer, the one that has been under way for longest. */
  oldest: { what: string; ageMs: number };
}

/** What the app has seen so far. */
export interface AppReport {
  upload: { bytes: number } & Damage;
  /** Ids of the counter executed more than once. */
  twice: number;
  /** Ids of the counter executed at all. */
  executed: number;
  /** Sockets of the page that the app has accepted, and of Vite's client. */
  sockets: number;
  hotSockets: number;
  /** Longest time without a WebSocket message since the last mark; a body may wait in socket buffers. */
  gapMs: number;
}

/** What can be paused: everything but sockets, or what reads bodies. */
export type Pausable = 'all' | 'readers';

/** Runs in the page as `window.workload`. */
export interface Workload {
  report(): PageReport;
  /** Starts a new measurement of the gap. */
  mark(): void;
  /** Ends all workloads; resolves once nothing is under way. */
  stop(): Promise<void>;
  /** Gives up what streams, waits for the other requests and starts none; sockets, and uploads if not all is meant, go on. */
  pause(what: Pausable): Promise<void>;
  resume(): void;
}

export type AppCommand =
  | { kind: 'report' }
  | { kind: 'mark' }
  | { kind: 'forget' }
  | { kind: 'edit'; version: number }
  | { kind: 'stop' };

export type AppAnswer = { kind: 'ready'; port: number } | { kind: 'report'; report: AppReport };

export interface WorkloadOptions {
  /** Bytes of one download and of one upload. */
  transferBytes: number;
  /** Of downloads and of uploads each, bytes a second. */
  rate: number;
  concurrent: number;
}

/** The longest time between two signs of progress. */
export class Gap {
  #last = performance.now();
  #longest = 0;

  tick(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  mark(): void {
    this.#longest = 0;
    this.#last = performance.now();
  }

  /** The running gap counts too. */
  get longestMs(): number {
    return Math.max(this.#longest, performance.now() - this.#last);
  }
}
