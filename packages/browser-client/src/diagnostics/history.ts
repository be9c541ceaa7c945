import type { LinkStatus } from '../shared/status.js';
import { DIAGNOSTICS_LIMITS } from './limits.js';

/** The two ways of a link. By TURN counts as direct here: it is the same channel. */
export type Way = 'direct' | 'relay';

/** The paths at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly rtt: Readonly<Record<Way, number | null>>;
  /** Bytes in a second since the look before; null at the first. */
  readonly down: number | null;
  readonly up: number | null;
}

/** One line of the log. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

const PATH_NAMES = { p2p: 'direct', turn: 'by TURN', relay: 'relay', offline: 'offline' } as const;

/** What a path is called. */
export function pathName(mode: LinkStatus['mode']): string {
  return PATH_NAMES[mode];
}

/** Bytes of one way so far, as this tab sees them. */
export function carried({ bytes }: LinkStatus, way: Way): { in: number; out: number } {
  if (way === 'relay') return bytes.relay;
  return { in: bytes.p2p.in + bytes.turn.in, out: bytes.p2p.out + bytes.turn.out };
}

/** What was seen of the paths since the page was opened, as much as is kept. */
export class History {
  #samples: readonly Sample[] = [];
  #log: readonly LogLine[] = [];
  #last: { readonly at: number; readonly status: LinkStatus } | undefined;

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  get log(): readonly LogLine[] {
    return this.#log;
  }

  say(at: number, text: string): void {
    this.#log = [...this.#log, { at, text }].slice(-DIAGNOSTICS_LIMITS.logLines);
  }

  add(at: number, status: LinkStatus): void {
    const { rtt } = status;
    const [down, up] = [this.#rate(at, status, 'in'), this.#rate(at, status, 'out')];
    const sample = { at, rtt: { direct: rtt.p2p ?? rtt.turn, relay: rtt.relay }, down, up };
    this.#samples = [...this.#samples, sample].slice(-DIAGNOSTICS_LIMITS.samples);
    this.#tell(at, status);
    this.#last = { at, status };
  }

  #rate(at: number, status: LinkStatus, end: 'in' | 'out'): number | null {
    const last = this.#last;
    // A link that is new counts from nothing.
    if (last === undefined || last.status.link.id !== status.link.id || at <= last.at) return null;
    const sum = (of: LinkStatus): number => carried(of, 'direct')[end] + carried(of, 'relay')[end];
    return ((sum(status) - sum(last.status)) * 1_000) / (at - last.at);
  }

  #tell(at: number, status: LinkStatus): void {
    const before = this.#last?.status;
    if (before?.mode !== status.mode) this.say(at, `The path is ${pathName(status.mode)}.`);
    if (before !== undefined && before.link.id !== status.link.id) this.say(at, 'The link is new.');
    for (const [name, key] of [
      ['direct path', 'directConnected'],
      ['relay', 'relayConnected'],
    ] as const) {
      if (before !== undefined && before[key] !== status[key])
        this.say(at, `The ${name} is ${status[key] ? 'ready' : 'away'}.`);
    }
  }
}
