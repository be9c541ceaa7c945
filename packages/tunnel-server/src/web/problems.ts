import {
  ASK_AGAIN_PART,
  HOST_OFFLINE,
  INGRESS_COOKIE,
  NOTICE_COOKIE,
  OVERLOADED,
  renderProblem,
  REQUEST_ID_FIELD,
  SCRIPTED_COOKIE,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  SHUTTING_DOWN,
  VIEWER_COOKIE,
  type PageParts,
  type Problem,
} from '@wingman/protocol';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { requestIdOf } from './request-id.js';

/** Problems that may be over in a moment: the host comes back, or shares again under the same name. */
const PASSING: ReadonlySet<Problem> = new Set([
  HOST_OFFLINE,
  OVERLOADED,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  SHUTTING_DOWN,
]);

function isAskedAgain({ method }: IncomingMessage, problem: Problem): boolean {
  return method === 'GET' && PASSING.has(problem);
}

/** Answers with a problem: a page for browsers, JSON for the others. */
export function sendProblem(
  req: IncomingMessage,
  res: ServerResponse,
  problem: Problem,
  more: OutgoingHttpHeaders = {},
): void {
  const { status } = problem;
  // What is left of an upload isn't worth reading: the connection ends with this answer.
  const isForgotten = more['clear-site-data'] !== undefined;
  const parts = isAskedAgain(req, problem) && !isForgotten ? ASK_AGAIN_PART : {};
  const { headers, body } = problemAnswer(req, problem, !req.complete, parts);
  // The reason phrase is given, because Node would write again one that it has refused a moment ago.
  res.writeHead(status, STATUS_CODES[status] ?? '', { ...headers, ...more });
  res.end(req.method === 'HEAD' ? undefined : body);
}

/**
 * Has a browser forget a session: the app's data, our service worker and the link key (Clear-Site-Data section 3.1).
 * The word "cookies" would take those of all sessions of the server with it, so ours are named. For navigations only:
 * Chromium stalls a service worker whose own request is answered so.
 */
export function forgetSession(): OutgoingHttpHeaders {
  const cookies = [VIEWER_COOKIE, INGRESS_COOKIE, NOTICE_COOKIE, SCRIPTED_COOKIE];
  return {
    'clear-site-data': '"storage"',
    'set-cookie': cookies.map((name) => `${name}=; Path=/; Secure; Max-Age=0`),
  };
}

/** Answers an upgrade with a problem, and ends the connection. */
export function refuseUpgrade(
  req: IncomingMessage,
  socket: Duplex,
  problem: Problem,
  more: Readonly<Record<string, string>> = {},
): void {
  const { headers, body } = problemAnswer(req, problem, true);
  const lines = Object.entries({ ...headers, ...more }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const reason = STATUS_CODES[problem.status] ?? '';
  socket.end(`HTTP/1.1 ${problem.status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}

function problemAnswer(
  req: IncomingMessage,
  problem: Problem,
  isClosing: boolean,
  parts: PageParts = {},
): { headers: Record<string, string>; body: string } {
  const requestId = requestIdOf(req);
  const { headers, body } = renderProblem(problem, req.headers.accept, { ...parts, requestId });
  if (requestId !== undefined) headers[REQUEST_ID_FIELD] = requestId;
  headers['content-length'] = String(Buffer.byteLength(body));
  if (isClosing) headers['connection'] = 'close';
  return { headers, body };
}
