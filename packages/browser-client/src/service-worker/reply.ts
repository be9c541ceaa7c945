import {
  forFrame,
  hasNoBody,
  isRedirect,
  PROBLEM_HEADER,
  renderProblem,
  viewerProblem,
  WingmanError,
  type ErrorCode,
} from '@wingman/protocol';
import type { ReplyHead } from '../shared/exchange-messages.js';
import type { ReplyBody } from './tunnel-fetch.js';

/** How a response is going to be used. */
export interface ReplyContext {
  method: string;
  url: string;
  isFrameNavigation: boolean;
}

/** Builds the browser's Response; a stream is not touched when the status allows no body. */
export function buildReply(head: ReplyHead, context: ReplyContext, body: ReplyBody): Response {
  const headers = replyHeaders(head);
  resolveLocation(headers, head.status, context.url);
  const init = { status: head.status, statusText: safeStatusText(head.statusText), headers };
  const shown = readsBody(head, context.method) ? streamOf(decodedBody(body, headers)) : null;
  const response = construct(shown, init);
  return context.isFrameNavigation ? forFrame(response, context.url) : response;
}

/** Whether the browser will read a body. Some answers have none, and nobody sees a redirect's body. */
export function readsBody({ status, headers }: ReplyHead, method: string): boolean {
  const location = headers.find(([name]) => name === 'location')?.[1] ?? null;
  // Chromium shows what has an empty Location.
  return !hasNoBody(method, status) && (location === '' || !isRedirect(status, location));
}

/**
 * Whether the app has answered nothing, and the host's page stands in for an answer. That is for people to read: to a
 * script such a request fails, as it does without a tunnel.
 */
export function isNoAnswer({ headers }: ReplyHead): boolean {
  const isSaid = (code: string): boolean => /^(?:UPSTREAM_ABORTED|LOCAL_PORT_REFUSED)$/.test(code);
  return headers.some(([name, value]) => name === PROBLEM_HEADER && isSaid(value));
}

/** Nobody reads this body. */
export async function dropBody(body: ReplyBody): Promise<void> {
  if (body instanceof ReadableStream) await body.cancel();
}

function construct(body: ReadableStream<Uint8Array> | null, init: ResponseInit): Response {
  try {
    return new Response(body, init);
  } catch (error) {
    throw new WingmanError('PROTOCOL_ERROR', 'not a response a browser can take', { cause: error });
  }
}

function replyHeaders(head: ReplyHead): Headers {
  const headers = new Headers();
  for (const [name, value] of head.headers) {
    try {
      headers.append(name, value);
    } catch {
      // The platform refuses this name or value. Browsers drop such a line, too.
    }
  }
  return headers;
}

/**
 * A hand-made Response has no URL that a relative Location could be resolved against. An empty one stays: to Chromium
 * it is none, to others the URL itself.
 */
function resolveLocation(headers: Headers, status: number, url: string): void {
  const location = headers.get('location');
  if (!location || status < 300 || status > 399) return;
  if (URL.canParse(location, url)) headers.set('location', new URL(location, url).href);
}

function safeStatusText(text: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? text : '';
}

/** Undoes a Content-Encoding and adjusts the headers. Browsers leave the responses of a service worker encoded. */
function decodedBody(body: ReplyBody, headers: Headers): ReplyBody {
  const coding = headers.get('content-encoding')?.trim().toLowerCase();
  const format = coding === undefined ? undefined : formatOf(coding);
  if (format === undefined) return body;
  headers.delete('content-encoding');
  headers.delete('content-length');
  const decoder: ReadableWritablePair<Uint8Array, BufferSource> = new DecompressionStream(format);
  return streamOf(body).pipeThrough(decoder);
}

/**
 * The body as a stream. Of a Response with bytes Chromium makes a blob, which its main process keeps and hands to the page
 * in pieces: of 1,000 small answers that took a third of the time. A stream leads straight to the page.
 */
export function streamOf(body: ReplyBody): ReadableStream<Uint8Array<ArrayBuffer>> {
  // The chunks of both kinds lie in buffers of their own.
  if (body instanceof ReadableStream) return body as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new ReadableStream({
    start(controller) {
      if (body.byteLength > 0) controller.enqueue(body);
      controller.close();
    },
  });
}

function formatOf(coding: string): CompressionFormat | undefined {
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip';
  return coding === 'deflate' ? 'deflate' : undefined;
}

/** Codes of requests that were never handed to a link. Such a request can be sent again without being run twice. */
const UNSENT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'TIMEOUT',
  'HOST_OFFLINE',
  'SESSION_UNKNOWN',
  'TOO_MANY_VIEWERS',
  'HANDSHAKE_FAILED',
]);

/**
 * A page (or JSON, as `accept` has it) that says what went wrong. The shell recognises the page of a
 * GET that was never sent, and reloads it when the host is back; all others are a person's to repeat.
 */
export function problemResponse(
  error: WingmanError,
  { accept, method }: { accept: string | undefined; method: string },
): Response {
  const problem = viewerProblem(error.code);
  const { body, contentType, headers } = renderProblem(problem, accept);
  const isRepeatable = method === 'GET' && UNSENT.has(error.code);
  const isMarked = isRepeatable && contentType.startsWith('text/html');
  const marker = isMarked ? '<meta name="wingman-problem">' : '';
  return new Response(body + marker, { status: problem.status, headers });
}
