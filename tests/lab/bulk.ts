import { createHash } from 'node:crypto';
import type { Page } from 'puppeteer-core';
import { inApp, status, type Status } from '../support/browser.js';
import { eventually } from '../support/program.js';
import { bytesOf } from './bytes.mjs';

/** Bytes by path, both directions together. */
export type Carried = Readonly<Record<keyof Status['bytes'], number>>;

const BULK_BYTES = 4 * 1024 * 1024;
/** How often the bytes are fetched while the link leaves its path, as it must when the machine stands still. */
const MAX_FETCHES = 5;

/** A path that was late is not trusted for some seconds. */
const BACK_MS = 40_000;

/** Fetches bytes in the app, and tells what each path has carried while the link kept to the one that it is on now. */
export async function bulk(page: Page): Promise<Carried> {
  const { mode } = await status(page);
  const isBack = async (): Promise<Status | false> => {
    const now = await status(page);
    return now.mode === mode && now;
  };
  for (let left = MAX_FETCHES; ; left -= 1) {
    const before = await eventually(`the path ${mode} again`, isBack, BACK_MS);
    await fetchBulk(page, `bulk ${left}`);
    const after = await status(page);
    if (after.switches === before.switches || left === 1) {
      return carriedBetween(before, after);
    }
  }
}

/** Rejects when the bytes that came are not those that the app has sent. */
async function fetchBulk(page: Page, seed: string): Promise<void> {
  const got = await inApp(
    page,
    async (n, seed) => {
      const bytes = await (
        await fetch(`/bytes?n=${n}&seed=${encodeURIComponent(seed)}`)
      ).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    BULK_BYTES,
    seed,
  );
  const sent = createHash('sha256').update(bytesOf(seed, BULK_BYTES)).digest('hex');
  if (got !== sent) throw new Error('other bytes came than were sent');
}

/** What was carried between two looks. */
export function carriedBetween(before: Status, after: Status): Carried {
  const [was, is] = [carriedIn(before), carriedIn(after)];
  return { p2p: is.p2p - was.p2p, turn: is.turn - was.turn, relay: is.relay - was.relay };
}

function carriedIn({ bytes: { p2p, turn, relay } }: Status): Carried {
  return { p2p: p2p.in + p2p.out, turn: turn.in + turn.out, relay: relay.in + relay.out };
}
