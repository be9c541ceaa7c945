import type { Frame } from 'puppeteer-core';

/** What the page has seen of one tunnel. */
export interface Seen {
  bytes: number;
  /** How the download ended; undefined while it runs. */
  download: string | undefined;
  echoes: number;
  closes: number;
  posts: number;
  failedPosts: number;
}

interface RivalWindow {
  seen: Seen;
}

/** Starts a download, a WebSocket and POSTs in the app's page. */
export function begin(frame: Frame, bytes: number, rate: number): Promise<void> {
  return frame.evaluate(
    (total, perSecond) => {
      const seen: Seen = {
        ...{ bytes: 0, download: undefined, echoes: 0, closes: 0, posts: 0, failedPosts: 0 },
      };
      Object.assign(window, { seen });
      const download = async (): Promise<void> => {
        const { body } = await fetch(`/bytes?n=${total}&rate=${perSecond}`);
        const reader = body?.getReader();
        for (;;) {
          const piece = await reader?.read();
          if (piece?.value === undefined) break;
          seen.bytes += piece.value.byteLength;
        }
        seen.download = seen.bytes === total ? 'complete' : 'cut short';
      };
      download().catch((error: unknown) => (seen.download = String(error)));
      const open = (): void => {
        const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/socket`);
        const timer = setInterval(() => {
          if (socket.readyState === WebSocket.OPEN) socket.send('x');
        }, 50);
        socket.onmessage = () => (seen.echoes += 1);
        socket.onclose = () => {
          clearInterval(timer);
          seen.closes += 1;
          setTimeout(open, 500);
        };
      };
      open();
      const post = async (): Promise<void> => {
        const init = { method: 'POST', body: String(Math.random()) };
        await fetch('/count', init).then(
          ({ ok }) => (ok ? (seen.posts += 1) : (seen.failedPosts += 1)),
          () => (seen.failedPosts += 1),
        );
        setTimeout(() => void post(), 100);
      };
      void post();
    },
    bytes,
    rate,
  );
}

export const look = (frame: Frame): Promise<Seen> =>
  frame.evaluate(() => (window as unknown as RivalWindow).seen);
