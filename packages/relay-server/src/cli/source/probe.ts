import { request, type IncomingMessage } from 'node:http';
import { OWN_SERVER } from '@wingman/node-kit';
import { HOST_LIMITS } from '../../limits.js';
import { Loopback } from '../../local/loopback.js';

/** What a port answers to a browser's first question. */
export type Probe =
  | { readonly kind: 'web'; readonly status: number; readonly title: string }
  /** It takes connections and has not answered by the deadline: perhaps it compiles. */
  | { readonly kind: 'silent' }
  /** Nothing listens, or it speaks another protocol. */
  | { readonly kind: 'other' };

/** Asks a port of this machine for its first page. */
export async function probe(port: number): Promise<Probe> {
  const loopback = new Loopback(port);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Probe>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'silent' }), HOST_LIMITS.probeMs);
  });
  const gone = new AbortController();
  try {
    return await Promise.race([ask(loopback, gone.signal), late]);
  } catch {
    return { kind: 'other' };
  } finally {
    clearTimeout(timer);
    gone.abort();
  }
}

async function ask(loopback: Loopback, signal: AbortSignal): Promise<Probe> {
  const socket = await loopback.connect();
  const leave = (): void => void socket.destroy();
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { host: loopback.authority, accept: 'text/html,*/*' };
    request({ createConnection: () => socket, path: '/', headers })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
  const { statusCode: status = 0, headers } = answer;
  // What is Wingman's own is no app: tunnel servers, their sessions, inspectors.
  if (headers['wingman-error'] !== undefined || headers.server === OWN_SERVER)
    return { kind: 'other' };
  return { kind: 'web', status, title: titleOf(await beginning(answer)) };
}

async function beginning(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > HOST_LIMITS.probeBytes) break;
  }
  return text;
}

function titleOf(html: string): string {
  const [, title = ''] = /<title[^>]*>([^<]*)</i.exec(html) ?? [];
  return title.replace(/\s+/g, ' ').trim();
}
