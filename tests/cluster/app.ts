import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const EVERY_MS = 20;

/** An app that makes it plain when anything was lost or done twice. */
export interface CountingApp {
  readonly port: number;
  /** How often each POST was executed, by its number. */
  readonly posts: ReadonlyMap<string, number>;
  /** How often a POST was executed; from then on nothing is known of it. */
  takePost(target: string): number;
  close(): Promise<void>;
}

/** `/numbers` never ends and counts, a line every 20 ms; `POST /once/<n>` is counted; anything else says hello. */
export async function startCountingApp(): Promise<CountingApp> {
  const posts = new Map<string, number>();
  const server = createServer((request, response) => {
    const { method, url = '' } = request;
    if (url === '/numbers') {
      let next = 0;
      const timer = setInterval(() => response.write(`${next++}\n`), EVERY_MS);
      return void response.on('close', () => clearInterval(timer));
    }
    if (method === 'POST') posts.set(url, (posts.get(url) ?? 0) + 1);
    request.resume().on('end', () => response.end('hello'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const takePost = (target: string): number => {
    const times = posts.get(target) ?? 0;
    posts.delete(target);
    return times;
  };
  return { port, posts, takePost, close };
}
