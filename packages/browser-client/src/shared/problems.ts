import type { ErrorCode, Problem } from '@wingman/protocol';

type Explanation = Omit<Problem, 'code'>;

/** An error of the protocol, or what only a browser runs into. */
export type ProblemCode =
  ErrorCode | 'UNSUPPORTED' | 'SERVER_UNREACHABLE' | 'SESSION_STOPPED' | 'SESSION_EXPIRED';

const OFFLINE: Explanation = {
  status: 503,
  title: 'The developer’s machine can’t be reached',
  cause: 'The connection to the machine that runs this app is gone and has not come back in time.',
  cure: 'Ask the developer whether wingman is still running there. This page tries again by itself as soon as the machine is back.',
};

const EXPLANATIONS: Partial<Record<ProblemCode, Explanation>> = {
  TIMEOUT: {
    status: 504,
    title: 'The connection is taking too long',
    cause: 'No connection to the developer’s machine came up in time.',
    cure: 'Check your network, then reload. This page also tries again by itself as soon as the connection is up.',
  },
  UPSTREAM_ABORTED: {
    status: 502,
    title: 'The app broke off its answer',
    cause: 'The developer’s app closed the connection before it had answered.',
    cure: 'Reload. If it happens again, the developer finds the reason in the app’s own log.',
  },
  PROTOCOL_ERROR: {
    status: 502,
    title: 'The answer could not be understood',
    cause: 'What came back through the tunnel is not a valid HTTP response.',
    cure: 'Reload. If it happens again, both sides may run different versions of Wingman.',
  },
  LIMIT_EXCEEDED: {
    status: 502,
    title: 'Too large or too many',
    cause:
      'A limit of the tunnel was reached: too many requests at once, or a request head that is too large.',
    cure: 'Reload. Clearing this site’s cookies helps when they have grown too large.',
  },
  HANDSHAKE_FAILED: {
    status: 403,
    title: 'This link does not fit the session',
    cause: 'The key in the link was not accepted by the developer’s machine.',
    cure: 'Ask the developer for the current link and open it as a whole, with everything after the #.',
  },
  SESSION_UNKNOWN: {
    status: 404,
    title: 'There is no such session',
    cause:
      'The server does not know this session, or not any more: sessions end when the developer stops sharing.',
    cure: 'Ask the developer to share again, and open the link as a whole. This page opens the app by itself if the session comes back.',
  },
  SESSION_ENDED: {
    status: 410,
    title: 'This session has ended',
    cause: 'The developer has stopped sharing, or the time of the session is over.',
    cure: 'Ask the developer to share again.',
  },
  SESSION_STOPPED: {
    status: 410,
    title: 'The developer has stopped sharing',
    cause: 'The session was ended on the developer’s machine.',
    cure: 'Ask the developer to share again. When it comes back under the same link, this page opens it by itself.',
  },
  SESSION_EXPIRED: {
    status: 410,
    title: 'The time of this session is over',
    cause: 'Every session ends after a time that the developer sets (--expires).',
    cure: 'Ask the developer to share again. When it comes back under the same link, this page opens it by itself.',
  },
  LINK_LOST: {
    status: 502,
    title: 'The answer was lost',
    cause:
      'The connection to the developer’s machine was away for too long, or wingman was restarted there, before the app had answered.',
    cure: 'Reload when the connection is back. A request that changes something may have been carried out.',
  },
  KEY_MISSING: {
    status: 403,
    title: 'This link is not complete',
    cause:
      'The part after the # is missing. It holds the key to the session and never leaves your browser.',
    cure: 'Open the link exactly as the developer sent it, up to its last character, or ask for it again.',
  },
  SERVER_UNREACHABLE: {
    status: 503,
    title: 'The tunnel server can’t be reached',
    cause:
      'Neither the page nor its connections get an answer from the server that this link goes through.',
    cure: 'Check your network. This page goes on by itself as soon as the server answers.',
  },
  UNSUPPORTED: {
    status: 501,
    title: 'This browser can’t open the session',
    cause:
      'It does not run service workers here (private windows and in-app browsers often don’t), and the developer does not allow the way through the server.',
    cure: 'Open the link in an ordinary window of Chrome, Edge, Firefox or Safari.',
  },
  TOO_MANY_VIEWERS: {
    status: 503,
    title: 'The session is full',
    cause: 'As many people as the developer allows are viewing the app already.',
    cure: 'Try again later, or ask the developer to raise the limit (--max-viewers).',
  },
};

/** Explains an error of ours to a person. */
export function problemFor(code: ProblemCode): Omit<Problem, 'code'> & { code: ProblemCode } {
  return { ...(EXPLANATIONS[code] ?? OFFLINE), code };
}
