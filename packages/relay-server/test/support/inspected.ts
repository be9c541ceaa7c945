import { TOKEN_FIELD } from '@wingman/inspector';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { startInspector } from '../../src/inspector/inspector.js';
import { cleanups } from './cleanups.js';
import { serve } from './served-app.js';
import type { listen } from './servers.js';
import { until } from './until.js';

/** An answer of the inspector. */
export interface InspectorAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An app behind a tunnel, and the inspector that looks on; all closed after the test. */
export async function inspected(handler: Parameters<typeof listen>[0]) {
  const { server, tunnel } = await serve(handler);
  const host = { app: tunnel.app, commons: tunnel.app.commons };
  const inspector = await startInspector({ main: host, all: [host] });
  cleanups.push(() => inspector.close());
  const { port } = new URL(inspector.url);
  /** Not `fetch`, which sets Host and Sec-Fetch-Site itself. */
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET', body = '') =>
    new Promise<InspectorAnswer>((resolve, reject) => {
      // A connection that is kept could be one to the inspector of the test before, which had this port.
      const place = { host: '127.0.0.1', port, path, agent: false as const };
      const asked = httpRequest({ ...place, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('close', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  const page = (await ask('/')).text;
  const token = / name="wingman-token" content="([\w-]+)"/.exec(page)?.[1] ?? '';
  const allowed = { [TOKEN_FIELD]: token, 'content-type': 'application/json' };
  const api = (path: string, method = 'GET', body?: unknown) =>
    ask(`/api/${path}`, allowed, method, body === undefined ? '' : JSON.stringify(body));
  return { server, tunnel, inspector, port: Number(port), token, page, ask, api };
}

export type Inspected = Awaited<ReturnType<typeof inspected>>;

/** Reads a stream of the inspector; `seen` grows while it goes on. */
export async function followed(
  { inspector, token }: Pick<Inspected, 'inspector' | 'token'>,
  path: string,
) {
  const leaving = new AbortController();
  const headers = { [TOKEN_FIELD]: token };
  const response = await fetch(`${inspector.url}api/${path}`, { headers, signal: leaving.signal });
  const seen: Record<string, unknown>[] = [];
  const state = { isOver: false };
  const reading = (async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events)
        seen.push(JSON.parse(event.slice('data: '.length)) as Record<string, unknown>);
    }
  })();
  void reading.catch(() => undefined).finally(() => (state.isOver = true));
  cleanups.push(() => leaving.abort());
  const find = (what: string, holds: (event: Record<string, unknown>) => boolean) =>
    until(() => seen.some(holds), `${what} in ${path}`);
  return { seen, find, state };
}
