import { PROBLEM_HEADER, renderProblem, type ErrorCode, type Problem } from '@wingman/protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export const SESSION_UNKNOWN: Problem = {
  status: 404,
  code: 'SESSION_UNKNOWN',
  title: 'There is no such session',
  cause: 'Nobody shares an app under this name now. It was never here, or its host has gone away.',
  cure: 'Check the link, or ask whoever sent it to share the app again.',
};

export const SESSION_ENDED: Problem = {
  status: 410,
  code: 'SESSION_ENDED',
  title: 'This session has ended',
  cause: 'The developer has stopped sharing this app, or its time is up.',
  cure: 'Ask whoever sent you the link to share the app again.',
};

export const HOST_OFFLINE: Problem = {
  status: 503,
  code: 'HOST_OFFLINE',
  title: "The developer's machine is offline",
  cause: 'This session exists, but its host has lost the connection to the tunnel server.',
  cure: 'Wait a moment and reload: the host reconnects by itself when it can.',
};

export const INGRESS_REFUSED: Problem = {
  status: 403,
  code: 'INGRESS_REFUSED',
  title: 'This session takes no plain requests',
  cause:
    'The host answers over end-to-end encrypted links only, and this request came without one.',
  cure: 'Open the complete link (with its # part) in a browser that runs service workers. Browsers do so by https and on localhost only.',
};

export const WRONG_HOST: Problem = {
  status: 421,
  code: 'BAD_REQUEST',
  title: 'This name does not belong here',
  cause: 'The Host of this request is neither this tunnel server nor one of its sessions.',
  cure: 'Use the URL that the host has printed, or set TUNNEL_DOMAIN to this name.',
};

export const NOT_FOUND: Problem = {
  status: 404,
  code: 'BAD_REQUEST',
  title: 'There is nothing here',
  cause: "This path of the tunnel server's own names nothing.",
  cure: 'Check the URL.',
};

export const BAD_REQUEST: Problem = {
  status: 400,
  code: 'BAD_REQUEST',
  title: 'The request makes no sense here',
  cause: 'Something in this request is missing or malformed.',
  cure: 'Use a client of the same version as the tunnel server.',
};

export const FOREIGN_ORIGIN: Problem = {
  status: 403,
  code: 'REFUSED',
  title: 'Another site may not connect here',
  cause: 'The Origin of this request is not the session itself.',
  cure: 'Open the session at its own URL.',
};

export const BAD_TOKEN: Problem = {
  status: 401,
  code: 'REFUSED',
  title: 'The dial-back was not recognised',
  cause: 'The token is not that of the registered host.',
  cure: 'The host registers again and gets a new token.',
};

export const OVERLOADED: Problem = {
  status: 503,
  code: 'LIMIT_EXCEEDED',
  title: 'Too much at once',
  cause: 'A limit on what may be open at once has been reached.',
  cure: 'Wait a moment and try again.',
};

export const SHUTTING_DOWN: Problem = {
  status: 503,
  code: 'HOST_OFFLINE',
  title: 'The tunnel server is restarting',
  cause: 'It takes no new connections while it shuts down.',
  cure: 'Try again in a moment.',
};

export const INTERNAL: Problem = {
  status: 500,
  code: 'INTERNAL',
  title: 'The tunnel server has failed',
  cause: 'Something went wrong in the tunnel server itself; its log says what.',
  cure: 'Try again; if it stays so, tell whoever runs this server.',
};

const HOST_SLOW: Problem = {
  status: 504,
  code: 'TIMEOUT',
  title: "The developer's machine does not answer",
  cause: 'The host was asked for a connection and did not open one in time.',
  cure: 'Try again; if it stays so, the host has to be restarted.',
};

const NO_ANSWER: Problem = {
  status: 502,
  code: 'LINK_LOST',
  title: 'The answer was lost',
  cause: "The connection to the developer's machine broke before the app had answered.",
  cure: 'Reload. A request that changes something may have been carried out.',
};

const HEAD_TOO_LARGE: Problem = {
  status: 431,
  code: 'LIMIT_EXCEEDED',
  title: 'The request is too large',
  cause: 'The header fields of this request, cookies included, are larger than the tunnel carries.',
  cure: "Delete this site's cookies and try again.",
};

const BY_CODE: Partial<Record<ErrorCode, Problem>> = {
  HOST_OFFLINE,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  INGRESS_REFUSED,
  TIMEOUT: HOST_SLOW,
  LIMIT_EXCEEDED: HEAD_TOO_LARGE,
  BAD_REQUEST,
  INTERNAL,
};

/** The problem page of an exchange that failed before it had an answer. */
export function problemOf(code: ErrorCode): Problem {
  return BY_CODE[code] ?? { ...NO_ANSWER, code };
}

/** Header fields of a problem page. */
function problemHeaders(
  problem: Problem,
  contentType: string,
  body: string,
  closing: boolean,
): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': contentType,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    [PROBLEM_HEADER]: problem.code,
  };
  if (problem.status === 503) headers['retry-after'] = '2';
  if (closing) headers['connection'] = 'close';
  return headers;
}

/** Answers with a problem: a page for browsers, JSON for the others. */
export function sendProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  const { contentType, body } = renderProblem(problem, req.headers.accept);
  const { status } = problem;
  // What is left of an upload isn't worth reading: the connection ends with this answer.
  const headers = problemHeaders(problem, contentType, body, !req.complete);
  // The reason is named: one that Node has refused a moment ago would be written again.
  res.writeHead(status, STATUS_CODES[status] ?? '', headers);
  res.end(req.method === 'HEAD' ? undefined : body);
}

/** Answers an upgrade with a problem, and ends the connection. */
export function refuseUpgrade(req: IncomingMessage, socket: Duplex, problem: Problem): void {
  const { contentType, body } = renderProblem(problem, req.headers.accept);
  const fields = problemHeaders(problem, contentType, body, true);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const reason = STATUS_CODES[problem.status] ?? '';
  socket.end(`HTTP/1.1 ${problem.status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}
