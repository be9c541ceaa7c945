import type { ErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Problem } from './problem.js';

// Problems between the host and the app. The host tells them.

/** The local port refuses connections, or doesn't answer. */
export function localPortRefused(port: number): Problem<ErrorCode> {
  return {
    status: 502,
    code: 'LOCAL_PORT_REFUSED',
    title: `Nothing answers on port ${port}`,
    cause: `The tunnel works, but on the developer’s machine nothing accepts connections on localhost:${port}.`,
    cure: `Start the app on port ${port} there, or share the port it really uses.`,
  };
}

/** The developer shares other ports than this one. */
export function portNotAllowed(port: number): Problem<ErrorCode> {
  return {
    status: 403,
    code: 'PORT_NOT_ALLOWED',
    title: `Port ${port} is not shared`,
    cause: `The page has asked for localhost:${port} on the developer’s machine. That port is not shared.`,
    cure: `If it is meant to be, start wingman there with --also ${port}.`,
  };
}

/** The app ended the exchange before it had answered. */
export function appAborted(port: number, detail: string): Problem<ErrorCode> {
  return {
    status: 502,
    code: 'UPSTREAM_ABORTED',
    title: 'The app gave no complete answer',
    cause: `The app on localhost:${port} ended the connection before it had answered (${detail}).`,
    cure: 'Look at the app’s own log on the developer’s machine, then reload this page.',
  };
}

/** The app took longer than the host waits. */
export function appTimedOut(port: number): Problem<ErrorCode> {
  return {
    status: 504,
    code: 'TIMEOUT',
    title: 'The app did not answer in time',
    cause: `The app on localhost:${port} took the request but sent no answer.`,
    cure: 'Check whether it stands at a breakpoint or is stuck, then reload this page.',
  };
}

/** The header fields of the app's answer are larger than a link carries. */
export function appHeadTooLarge(port: number): Problem<ErrorCode> {
  return {
    status: 502,
    code: 'LIMIT_EXCEEDED',
    title: 'The head of the app’s answer is too large',
    cause: `The app on localhost:${port} answered with more than ${LIMITS.maxHeadBytes / 1024} KiB of header fields, cookies included.`,
    cure: 'Let the app send less of them, or move large values into the body.',
  };
}

/** The request can't be sent on as it is. */
export function malformedRequest(detail: string): Problem<ErrorCode> {
  return {
    status: 400,
    code: 'BAD_REQUEST',
    title: 'This request cannot be sent to the app',
    cause: `The host refused the request: ${detail}.`,
    cure: 'Open the page again from its own address.',
  };
}

/** No place at the port became free in time: other requests of the same opener hold all its places. */
export function appBusy(port: number): Problem<ErrorCode> {
  return {
    status: 503,
    code: 'LIMIT_EXCEEDED',
    title: 'Too many requests wait for the app',
    cause: `As many requests as may be under way have no answer yet from the app on localhost:${port}.`,
    cure: 'Check whether it stands at a breakpoint or is stuck, then reload this page.',
  };
}

/** Plain HTTP without any proof of the link key. */
export const KEY_NEEDED: Problem<ErrorCode> = {
  status: 401,
  code: 'KEY_NEEDED',
  title: 'This needs the whole link',
  cause: 'The address alone opens nothing, and this request came without the key of the session.',
  cure: 'Ask the developer for the whole link, with the part after the #, and open it by https or on localhost. A program needs the token that wingman prints, or a signed URL.',
};

/** The same for a frame, which is loaded by somebody who may have the link: a browser has asked for it past the tunnel. */
export const FRAME_NEEDS_KEY: Problem<ErrorCode> = {
  status: 401,
  code: 'KEY_NEEDED',
  title: 'The tunnel does not reach this frame',
  cause:
    'Browsers show the documents of sandboxed frames, and frames on pages of other sites, to no service worker. So this one was asked for by plain HTTP, without the key of the session.',
  cure: 'One with allow-same-origin and allow-scripts is carried by the tunnel. The developer can also let plain HTTP in with --ingress open, which the server can read.',
};

/** Too many wrong passwords of this address, or of all together. */
export const TOO_MANY_GUESSES: Problem<ErrorCode> = {
  status: 429,
  code: 'LIMIT_EXCEEDED',
  title: 'Too many wrong passwords',
  cause: 'Wrong passwords have come too often, so this one was not looked at.',
  cure: 'Wait ten minutes, or open the whole link, which needs no password.',
};

/** The target is one of the reserved paths, and nothing is served there. */
export function ownPageUnknown(path: string): Problem<ErrorCode> {
  return {
    status: 404,
    code: 'BAD_REQUEST',
    title: 'There is no such page',
    cause: `Paths under /__wingman are Wingman’s own, and ${path} is none of its pages.`,
    cure: 'Look at the address. If the app has a page there, it needs another path.',
  };
}

/** One of the host's own pages was requested with a method that it doesn't have. */
export function methodNotAllowed(methods: readonly string[]): Problem<ErrorCode> {
  return {
    status: 405,
    code: 'BAD_REQUEST',
    title: 'This page is not to be asked like that',
    cause: `This page of Wingman’s own answers ${methods.join(', ')} only.`,
    cure: 'Open the page again from its own address.',
  };
}

/** A step of the host has failed. The page doesn't tell which one, because that concerns only the developer. */
const HOST_FAILED: Problem<ErrorCode> = {
  status: 500,
  code: 'INTERNAL',
  title: 'Wingman made a mistake',
  cause: 'The host could not carry this exchange. Others are not affected.',
  cure: 'Reload this page. If it happens again, report it with the address.',
};

/** The problem for a failure between the host and the local port. */
export function appProblem(code: ErrorCode, port: number, detail: string): Problem<ErrorCode> {
  switch (code) {
    case 'LOCAL_PORT_REFUSED':
      return localPortRefused(port);
    case 'TIMEOUT':
      return appTimedOut(port);
    case 'LIMIT_EXCEEDED':
      return appHeadTooLarge(port);
    case 'INTERNAL':
      return HOST_FAILED;
    default:
      return appAborted(port, detail);
  }
}
