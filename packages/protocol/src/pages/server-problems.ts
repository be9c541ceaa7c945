import type { Problem } from './problem.js';

// Problems that the tunnel server tells of itself, whatever the session.

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
  cause: 'No page of the tunnel server has this path.',
  cure: 'Check the URL.',
};

export const CODING_UNKNOWN: Problem = {
  status: 501,
  code: 'BAD_REQUEST',
  title: 'This transfer coding is not understood',
  cause: 'The body of this request was sent with another Transfer-Encoding than chunked.',
  cure: 'Send the body with a Content-Length or chunked. Compress it with Content-Encoding, which the app undoes.',
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

export const BAD_OPERATOR_TOKEN: Problem = {
  status: 401,
  code: 'REFUSED',
  title: 'This page is the operator’s',
  cause: 'The request shows no token of the operator, or a wrong one.',
  cure: 'Send Authorization: Bearer with the token that this server was started with.',
};

export const METRICS_CLOSED: Problem = {
  status: 403,
  code: 'REFUSED',
  title: 'The metrics are not for everybody',
  cause: 'This server can be reached by others, and was started without METRICS_TOKEN.',
  cure: 'Set METRICS_TOKEN on the server, and send it as Authorization: Bearer.',
};

export const ADDRESS_DENIED: Problem = {
  status: 403,
  code: 'DENIED',
  title: 'This server does not serve your address',
  cause:
    'The operator of this tunnel server has put the address that you come from on its deny list.',
  cure: 'Ask the operator of the server.',
};

export const OVERLOADED: Problem = {
  status: 503,
  code: 'LIMIT_EXCEEDED',
  title: 'Too much at once',
  cause: 'A limit on what may be open at once has been reached.',
  cure: 'Wait a moment and try again.',
};

export const TOO_MANY_NAMES: Problem = {
  status: 429,
  code: 'LIMIT_EXCEEDED',
  title: 'Too many sessions that do not exist',
  cause:
    'Requests from your address have asked for many names in a short time that no session has, as if somebody was guessing.',
  cure: 'Check the link: it has to be complete. Close old tabs of sessions that are over, and try again in a minute.',
};

export const TOO_MANY_HOSTS: Problem = {
  status: 429,
  code: 'LIMIT_EXCEEDED',
  title: 'Many hosts register at once',
  cause: 'All of them have come back together, and those that came first are registered first.',
  cure: 'The host comes again by itself, at the time that it was told.',
};

export const SHUTTING_DOWN: Problem = {
  status: 503,
  code: 'HOST_OFFLINE',
  title: 'The tunnel server is restarting',
  cause: 'It takes no new connections while it shuts down.',
  cure: 'Try again in a moment.',
};

export const DIRECTORY_AWAY: Problem = {
  status: 503,
  code: 'DIRECTORY_AWAY',
  title: 'The tunnel server can’t look this session up',
  cause: 'Its nodes have lost the directory that says which of them has which session.',
  cure: 'Try again in a moment. Sessions that this node has go on.',
};

export const NODE_AWAY: Problem = {
  status: 503,
  code: 'HOST_OFFLINE',
  title: 'A part of the tunnel server doesn’t answer',
  cause: 'The node that has this session can’t be reached from the one that you have reached.',
  cure: 'Try again in a moment: the session moves to another node by itself.',
};

export const NOT_BUILT: Problem = {
  status: 500,
  code: 'INTERNAL',
  title: 'The browser client is not built',
  cause: 'This tunnel server was started from a checkout without its assets.',
  cure: 'Run `npm run build` in the checkout and start it again.',
};
