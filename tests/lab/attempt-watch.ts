import type { Page } from 'puppeteer-core';
import type { Status } from '../support/browser.js';

/** What the tab's window keeps. */
interface Watched {
  /** When peer connections were made, by the tab's clock. */
  peersAt: number[];
  /** When the direct path could carry no more, since the watch has begun. */
  signAt: number | undefined;
  look: number;
  wingman: { status(): Promise<Status> };
}

const LOOK_MS = 20;

/** Before the page is opened: its peer connections are counted. */
export async function watchPeers(page: Page): Promise<void> {
  await page.evaluateOnNewDocument(() => {
    if (window !== window.top) return;
    const watched = window as unknown as Watched;
    watched.peersAt = [];
    window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
      construct(target, args, newTarget) {
        watched.peersAt.push(performance.now());
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
  });
}

/** How long ago the tab has made its first peer connection, in milliseconds. */
export function sinceFirstPeer(page: Page): Promise<number | null> {
  return page.evaluate(() => {
    const [first] = (window as unknown as Watched).peersAt;
    return first === undefined ? null : performance.now() - first;
  });
}

/** Looks for the moment at which the direct path can carry no more. */
export async function beginWatch(page: Page): Promise<void> {
  await page.evaluate((everyMs) => {
    const watched = window as unknown as Watched;
    watched.peersAt = [];
    watched.signAt = undefined;
    watched.look = window.setInterval(() => {
      const at = performance.now();
      void watched.wingman.status().then(({ directConnected }) => {
        if (!directConnected) watched.signAt ??= at;
      });
    }, everyMs);
  }, LOOK_MS);
}

/** From that moment to the first fresh peer connection, in milliseconds; null without one of both. */
export function endWatch(page: Page): Promise<number | null> {
  return page.evaluate(() => {
    const { look, peersAt, signAt } = window as unknown as Watched;
    window.clearInterval(look);
    const [first] = peersAt;
    return signAt === undefined || first === undefined ? null : Math.max(0, first - signAt);
  });
}
