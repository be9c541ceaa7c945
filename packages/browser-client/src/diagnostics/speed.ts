import { SPEED_LIMITS, SPEED_TARGET, type SpeedAnswer } from '@wingman/protocol';
import { DIAGNOSTICS_LIMITS } from './limits.js';

/** What was carried in one direction. */
export interface Speed {
  readonly bytes: number;
  readonly ms: number;
  /** Requests that have failed on the way. */
  readonly failed: number;
}

export type Direction = 'down' | 'up';

/** How much is asked for: so many requests at once, for so long. */
export interface Trial {
  readonly requests: number;
  readonly ms: number;
}

/** What a trial needs of the browser. */
export interface SpeedWorld {
  fetch(target: string, init: RequestInit): Promise<Response>;
  now(): number;
}

/** The host does not measure now; the message is for people. */
export class SpeedRefusal extends Error {}

/** Measures one direction of whatever path the link is on. Rejects with a SpeedRefusal when nothing was let through. */
export async function measure(
  direction: Direction,
  trial: Trial,
  world: SpeedWorld,
): Promise<Speed> {
  const one = direction === 'down' ? download : upload;
  const asked = Array.from({ length: trial.requests }, () => one(trial.ms, world));
  // All have to be over: the next trial must not share the path with what is left of this one.
  const each = await Promise.allSettled(asked);
  const carried = each.flatMap((part) => (part.status === 'fulfilled' ? (part.value ?? []) : []));
  const refused = each.find((part) => part.status === 'rejected');
  if (carried.length === 0 && refused !== undefined) throw refused.reason;
  return {
    bytes: carried.reduce((sum, { bytes }) => sum + bytes, 0),
    ms: Math.max(0, ...carried.map(({ ms }) => ms)),
    failed: each.length - carried.length,
  };
}

/** Measures both directions at once. Rejects like `measure`, when both are over. */
export async function measureBoth(trial: Trial, world: SpeedWorld): Promise<[Speed, Speed]> {
  const both = [measure('down', trial, world), measure('up', trial, world)] as const;
  await Promise.allSettled(both);
  return Promise.all(both);
}

/** Bytes in a second; null when nothing was carried. */
export function perSecond({ bytes, ms }: Pick<Speed, 'bytes' | 'ms'>): number | null {
  return bytes === 0 || ms === 0 ? null : (bytes * 1_000) / ms;
}

async function download(ms: number, world: SpeedWorld): Promise<SpeedAnswer | undefined> {
  const startedAt = world.now();
  let carried: SpeedAnswer | undefined;
  try {
    const reader = (await ask(ms, { method: 'GET' }, world)).body?.getReader();
    if (reader === undefined) return undefined;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return carried;
      const bytes = (carried?.bytes ?? 0) + value.byteLength;
      carried = { bytes, ms: world.now() - startedAt };
    }
  } catch (error) {
    if (error instanceof SpeedRefusal) throw error;
    // What came before the path fell silent has come.
    return carried;
  }
}

async function upload(ms: number, world: SpeedWorld): Promise<SpeedAnswer | undefined> {
  try {
    const response = await ask(ms, { method: 'POST', body: noise() }, world);
    return (await response.json()) as SpeedAnswer;
  } catch (error) {
    if (error instanceof SpeedRefusal) throw error;
    return undefined;
  }
}

async function ask(ms: number, init: RequestInit, world: SpeedWorld): Promise<Response> {
  const limits = new URLSearchParams({ bytes: String(SPEED_LIMITS.requestBytes), ms: String(ms) });
  const signal = AbortSignal.timeout(ms + DIAGNOSTICS_LIMITS.lateMs);
  const target = `${SPEED_TARGET}?${limits.toString()}`;
  const response = await world.fetch(target, { ...init, signal, cache: 'no-store' });
  if (!response.ok) throw new SpeedRefusal(await wordsOf(response));
  return response;
}

async function wordsOf(response: Response): Promise<string> {
  if (response.status === 429) return (await response.text()).trim();
  if (response.status === 404)
    return 'The developer’s wingman is of a version that measures nothing.';
  return 'The developer has not let this browser in yet, or has paused the session.';
}

/** What can't be compressed: `crypto` gives 64 KiB at a time. */
function noise(): Blob {
  const piece = crypto.getRandomValues(new Uint8Array(65_536));
  const pieces = Array.from({ length: SPEED_LIMITS.requestBytes / piece.byteLength }, () => piece);
  return new Blob(pieces, { type: 'application/octet-stream' });
}
