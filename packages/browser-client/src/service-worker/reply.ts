import { forFrame, isRedirect, WingmanError } from '@wingman/protocol';
import type { ReplyHead } from '../shared/exchange-messages.js';
import { decodedBody } from './content-coding.js';

const NULL_BODY_STATUSES = [101, 103, 204, 205, 304];

/** How a response is going to be used. */
export interface ReplyContext {
  method: string;
  url: string;
  isFrameNavigation: boolean;
}

/** Builds the browser's Response; the stream is not touched when the status allows no body. */
export function buildReply(
  head: ReplyHead,
  context: ReplyContext,
  body: ReadableStream<Uint8Array>,
): Response {
  const headers = replyHeaders(head);
  resolveLocation(headers, head.status, context.url);
  const init = { status: head.status, statusText: safeStatusText(head.statusText), headers };
  const shown = readsBody(head, context.method) ? decodedBody(body, headers) : null;
  const response = construct(shown, init);
  return context.isFrameNavigation ? forFrame(response, context.url) : response;
}

/** Whether the browser will read a body: none follows some heads (RFC 9110 section 6.4.1), and nobody sees a redirect's. */
export function readsBody({ status, headers }: ReplyHead, method: string): boolean {
  const location = headers.find(([name]) => name === 'location')?.[1] ?? null;
  const hasBody = method !== 'HEAD' && !NULL_BODY_STATUSES.includes(status);
  return hasBody && !isRedirect(status, location);
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
      // A name or value that the platform refuses; browsers drop such a line too.
    }
  }
  return headers;
}

/** A hand-made Response has no URL that a relative Location could be resolved against. */
function resolveLocation(headers: Headers, status: number, url: string): void {
  const location = headers.get('location');
  if (location === null || status < 300 || status > 399) return;
  if (URL.canParse(location, url)) headers.set('location', new URL(location, url).href);
}

function safeStatusText(text: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) ? text : '';
}
