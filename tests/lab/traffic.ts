import type { Page } from 'puppeteer-core';
import { inApp } from '../support/browser.js';

/** What the app has seen of its traffic. */
export interface Seen {
  /** The longest time that a small request took, since `forgetStalls`, in milliseconds. */
  readonly stallMs: number;
  /** Small requests answered since then. */
  readonly answers: number;
  /** Bytes up and down whose SHA-256 was held against what the other end has. */
  readonly checkedBytes: number;
  /** What was lost, changed, repeated or failed. */
  readonly faults: readonly string[];
}

/** What the app's window keeps of it. */
interface Traffic {
  stallMs: number;
  answers: number;
  checkedBytes: number;
  faults: string[];
  since: number;
  isOver: boolean;
  loops: Promise<void>[];
}

const BLOCK_BYTES = 128 * 1024;

/** Begins small requests, downloads and uploads, each one after another, in the app's document. */
export function startTraffic(page: Page): Promise<void> {
  return inApp(
    page,
    (blockBytes) => {
      const counts = { stallMs: 0, answers: 0, checkedBytes: 0, since: performance.now() };
      const traffic: Traffic = { ...counts, faults: [], isOver: false, loops: [] };
      const hash = async (bytes: BufferSource): Promise<string> => {
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      };
      const small = async (): Promise<void> => {
        const begun = performance.now();
        await (await fetch('/bytes?n=1')).arrayBuffer();
        const took = performance.now() - Math.max(begun, traffic.since);
        traffic.stallMs = Math.max(traffic.stallMs, took);
        traffic.answers += 1;
      };
      const hold = (what: string, isGood: boolean): void => {
        if (isGood) traffic.checkedBytes += blockBytes;
        else traffic.faults.push(what);
      };
      const down = async (seed: string): Promise<void> => {
        const answer = await fetch(`/bytes?n=${blockBytes}&seed=${seed}`);
        const bytes = await answer.arrayBuffer();
        const isWhole = bytes.byteLength === blockBytes;
        hold(
          'a download has changed',
          isWhole && (await hash(bytes)) === answer.headers.get('x-sha256'),
        );
      };
      const up = async (id: string): Promise<void> => {
        const body = new Uint8Array(blockBytes).map(() => Math.random() * 256);
        const answer = await fetch(`/taken?id=${id}`, { method: 'POST', body });
        const taken = (await answer.json()) as { sha256: string; times: number };
        hold('an upload has changed', taken.sha256 === (await hash(body)));
        if (taken.times !== 1) traffic.faults.push(`an upload has come ${taken.times} times`);
      };
      const again = async (pauseMs: number, act: (id: string) => Promise<void>): Promise<void> => {
        while (!traffic.isOver) {
          await act(crypto.randomUUID()).catch((error: unknown) =>
            traffic.faults.push(`${act.name}: ${String(error)}`),
          );
          await new Promise((resolve) => window.setTimeout(resolve, pauseMs));
        }
      };
      traffic.loops = [again(20, small), again(100, down), again(100, up)];
      Object.assign(window, { traffic });
    },
    BLOCK_BYTES,
  );
}

/** Whatever stood still until now counts no more. */
export function forgetStalls(page: Page): Promise<void> {
  return inApp(page, () => {
    const { traffic } = window as unknown as { traffic: Traffic };
    Object.assign(traffic, { stallMs: 0, answers: 0, since: performance.now() });
  });
}

/** Small requests answered since the traffic, or the time after a stall, has begun. */
export function answers(page: Page): Promise<number> {
  return inApp(page, () => (window as unknown as { traffic: Traffic }).traffic.answers);
}

/** Begins nothing more, waits for what is under way, and tells what was seen. */
export function endTraffic(page: Page): Promise<Seen> {
  return inApp(page, async () => {
    const { traffic } = window as unknown as { traffic: Traffic };
    traffic.isOver = true;
    await Promise.all(traffic.loops);
    const { answers, checkedBytes, faults, stallMs } = traffic;
    return { answers, checkedBytes, faults, stallMs };
  });
}
