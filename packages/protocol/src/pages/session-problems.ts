import type { ErrorCode } from '../errors.js';
import { VISITOR_REFUSED } from './entry-problems.js';
import type { Problem, ProblemCode } from './problem.js';

// Problems on the way to the host. The tunnel server and the viewer's browser tell them. Each is a
// constant of its own, so that a bundle carries only those it uses.

export const SESSION_UNKNOWN: Problem = {
  status: 404,
  code: 'SESSION_UNKNOWN',
  title: 'There is no such session',
  cause:
    'The server does not know this session, or not any more: sessions end when the developer stops sharing.',
  cure: 'Ask the developer to share again, and open the link as a whole. An open page of the session goes on by itself if the session comes back.',
};

export const SESSION_ENDED: Problem = {
  status: 410,
  code: 'SESSION_ENDED',
  title: 'This session has ended',
  cause: 'The developer has stopped sharing, or the time of the session is over.',
  cure: 'Ask the developer to share again.',
};

const SESSION_STOPPED: Problem = {
  status: 410,
  code: 'SESSION_STOPPED',
  title: 'The developer has stopped sharing',
  cause: 'The session was ended on the developer’s machine.',
  cure: 'Ask the developer to share again. When it comes back under the same link, this page opens it by itself.',
};

const SESSION_EXPIRED: Problem = {
  status: 410,
  code: 'SESSION_EXPIRED',
  title: 'The time of this session is over',
  cause: 'Every session ends after a time that the developer sets (--expires).',
  cure: SESSION_STOPPED.cure,
};

export const HOST_OFFLINE: Problem = {
  status: 503,
  code: 'HOST_OFFLINE',
  title: 'The developer’s machine can’t be reached',
  cause: 'The connection to the machine that runs this app is gone.',
  cure: 'Ask the developer whether wingman is still running there. An open page of the session goes on by itself as soon as the machine is back.',
};

const CONNECTION_TIMEOUT: Problem = {
  status: 504,
  code: 'TIMEOUT',
  title: 'The connection is taking too long',
  cause: 'No connection to the developer’s machine came up in time.',
  cure: 'Check your network. An open page of the session goes on by itself as soon as the connection is up.',
};

const ANSWER_LOST: Problem = {
  status: 502,
  code: 'LINK_LOST',
  title: 'The answer was lost',
  cause:
    'The connection to the developer’s machine was away for too long, or wingman was restarted there, before the app had answered.',
  cure: 'Reload when the connection is back. A request that changes something may have been carried out.',
};

const APP_BROKE_OFF: Problem = {
  status: 502,
  code: 'UPSTREAM_ABORTED',
  title: 'The app broke off its answer',
  cause: 'The developer’s app closed the connection before it had answered.',
  cure: 'Reload. If it happens again, the developer finds the reason in the app’s own log.',
};

const ANSWER_GARBLED: Problem = {
  status: 502,
  code: 'PROTOCOL_ERROR',
  title: 'The answer could not be understood',
  cause: 'What came back through the tunnel is not a valid HTTP response.',
  cure: 'Reload. If it happens again, both sides may run different versions of Wingman.',
};

const TOO_LARGE_OR_TOO_MANY: Problem = {
  status: 502,
  code: 'LIMIT_EXCEEDED',
  title: 'Too large or too many',
  cause:
    'A limit of the tunnel was reached: too many requests at once, or a request head that is too large.',
  cure: 'Reload. Clearing this site’s cookies helps when they have grown too large.',
};

export const WRONG_KEY: Problem = {
  status: 403,
  code: 'HANDSHAKE_FAILED',
  title: 'This link does not fit the session',
  cause: 'What follows the # is not its key: a part is missing, or the link is an old one.',
  cure: 'Ask the developer for the current link and open it as a whole, with everything after the #.',
};

const KEY_MISSING: Problem = {
  status: 403,
  code: 'KEY_MISSING',
  title: 'This link is not complete',
  cause:
    'The part after the # is missing. It holds the key to the session, and the address bar of an open page does not show it.',
  cure: 'Open the link exactly as it was sent, or ask for it again: “Copy link to this page” gives it.',
};

const SERVER_UNREACHABLE: Problem = {
  status: 503,
  code: 'SERVER_UNREACHABLE',
  title: 'The tunnel server can’t be reached',
  cause:
    'Neither the page nor its connections get an answer from the server that this link goes through.',
  cure: 'Check your network. This page goes on by itself as soon as the server answers.',
};

const UNSUPPORTED: Problem = {
  status: 501,
  code: 'UNSUPPORTED',
  title: 'This browser can’t open the session',
  cause:
    'It does not run service workers here (private windows and in-app browsers often don’t), and the developer does not allow the way through the server.',
  cure: 'Open the link in an ordinary window of Chrome, Edge, Firefox or Safari.',
};

const TUNNEL_CRASHED: Problem = {
  status: 500,
  code: 'TUNNEL_CRASHED',
  title: 'The connection can’t be kept up in this tab',
  cause: 'The part of this page that holds the connection has failed several times in a row.',
  cure: 'Reload. If it happens again, try another browser; the console of this one says what failed.',
};

const TOO_MANY_VIEWERS: Problem = {
  status: 503,
  code: 'TOO_MANY_VIEWERS',
  title: 'The session is full',
  cause: 'As many people as the developer allows are viewing the app already.',
  cure: 'Wait until somebody leaves, or ask the developer to raise the limit (--max-viewers).',
};

const FOR_VIEWERS: Partial<Record<ErrorCode, Problem>> = {
  TIMEOUT: CONNECTION_TIMEOUT,
  UPSTREAM_ABORTED: APP_BROKE_OFF,
  PROTOCOL_ERROR: ANSWER_GARBLED,
  LIMIT_EXCEEDED: TOO_LARGE_OR_TOO_MANY,
  HANDSHAKE_FAILED: WRONG_KEY,
  SESSION_UNKNOWN,
  SESSION_ENDED,
  LINK_LOST: ANSWER_LOST,
  KEY_MISSING,
  TOO_MANY_VIEWERS,
  VISITOR_REFUSED,
};

/** The problem that a viewer's browser shows for a failed request. A code without a text of its own means that the host is away. */
export function viewerProblem(code: ErrorCode): Problem {
  return { ...(FOR_VIEWERS[code] ?? HOST_OFFLINE), code };
}

/** The problems that the shell shows in place of the app. The shell knows more than the code of a failed request tells. */
export function shellProblem(code: ProblemCode): Problem {
  switch (code) {
    case 'SESSION_STOPPED':
      return SESSION_STOPPED;
    case 'SESSION_EXPIRED':
      return SESSION_EXPIRED;
    case 'SERVER_UNREACHABLE':
      return SERVER_UNREACHABLE;
    case 'UNSUPPORTED':
      return UNSUPPORTED;
    case 'TUNNEL_CRASHED':
      return TUNNEL_CRASHED;
    default:
      return viewerProblem(code);
  }
}

export const INGRESS_REFUSED: Problem<ErrorCode> = {
  status: 403,
  code: 'INGRESS_REFUSED',
  title: 'This session takes no plain requests',
  cause:
    'The host answers over end-to-end encrypted links only, and this request came without one.',
  cure: 'Open the complete link (with its # part) in a browser that runs service workers. Browsers do so by https and on localhost only.',
};

export const BAD_REQUEST: Problem = {
  status: 400,
  code: 'BAD_REQUEST',
  title: 'The request makes no sense here',
  cause: 'Something in this request is missing or malformed.',
  cure: 'Use a client of the same version as the tunnel server.',
};

export const SERVER_FAILED: Problem = {
  status: 500,
  code: 'INTERNAL',
  title: 'The tunnel server has failed',
  cause: 'Something went wrong in the tunnel server itself; its log says what.',
  cure: 'Try again; if it stays so, tell whoever runs this server.',
};

const REQUEST_HEAD_TOO_LARGE: Problem = {
  status: 431,
  code: 'LIMIT_EXCEEDED',
  title: 'The request is too large',
  cause: 'The header fields of this request, cookies included, are larger than the tunnel carries.',
  cure: 'Delete this site’s cookies and try again.',
};

const UPLOAD_STALLED: Problem = {
  status: 408,
  code: 'UPLOAD_TIMEOUT',
  title: 'The upload has stopped',
  cause: 'No more of the request has come for a minute, and the app has not answered yet.',
  cure: 'Check your network and send it again. The app may have got a part of it.',
};

const FOR_CLIENTS: Partial<Record<ErrorCode, Problem>> = {
  HOST_OFFLINE,
  SESSION_ENDED,
  SESSION_UNKNOWN,
  INGRESS_REFUSED,
  TIMEOUT: CONNECTION_TIMEOUT,
  LIMIT_EXCEEDED: REQUEST_HEAD_TOO_LARGE,
  UPLOAD_TIMEOUT: UPLOAD_STALLED,
  BAD_REQUEST,
  INTERNAL: SERVER_FAILED,
};

/** The problem that the tunnel server shows for an exchange that failed before it had an answer. */
export function ingressProblem(code: ErrorCode): Problem {
  return FOR_CLIENTS[code] ?? { ...ANSWER_LOST, code };
}
