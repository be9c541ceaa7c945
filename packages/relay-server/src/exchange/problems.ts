import type { Header, Problem, RequestHead } from '@wingman/protocol';
import {
  headersFromRaw,
  headerValue,
  PROBLEM_HEADER,
  renderProblem,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';
import type { Answer, Exchange } from './exchange.js';

/** What a step throws to have the opener shown a certain problem, with further header fields if need be. */
export class Refusal extends WingmanError {
  constructor(
    readonly problem: Problem,
    readonly headers: readonly Header[] = [],
  ) {
    super(problem.code, problem.cause);
  }
}

/** The local port refuses connections, or doesn't answer. */
function localPortRefused(port: number): Problem {
  return {
    status: 502,
    code: 'LOCAL_PORT_REFUSED',
    title: `Nothing answers on port ${port}`,
    cause: `The tunnel works, but on the developer's machine nothing accepts connections on localhost:${port}.`,
    cure: `Start the app on port ${port} there (or share the port it really uses), then reload this page.`,
  };
}

/** The developer shares other ports than this one. */
export function portNotAllowed(port: number): Problem {
  return {
    status: 403,
    code: 'PORT_NOT_ALLOWED',
    title: `Port ${port} is not shared`,
    cause: `The page has asked for localhost:${port} on the developer's machine, which is not among the ports shared there.`,
    cure: `If it is meant to be, start wingman there with --also ${port}.`,
  };
}

/** The app ended the exchange before it had answered. */
function appAborted(port: number, detail: string): Problem {
  return {
    status: 502,
    code: 'UPSTREAM_ABORTED',
    title: 'The app gave no complete answer',
    cause: `The app on localhost:${port} ended the connection before it had answered (${detail}).`,
    cure: "Look at the app's own log on the developer's machine, then reload this page.",
  };
}

/** The app took longer than the host waits. */
function appTimedOut(port: number): Problem {
  return {
    status: 504,
    code: 'TIMEOUT',
    title: 'The app did not answer in time',
    cause: `The app on localhost:${port} took the request but sent no answer.`,
    cure: 'Check whether it stands at a breakpoint or is stuck, then reload this page.',
  };
}

/** No place at the port became free in time: other requests of the same opener hold those it may have. */
export function appBusy(port: number): Problem {
  return {
    status: 503,
    code: 'LIMIT_EXCEEDED',
    title: 'Too many requests wait for the app',
    cause: `As many requests as may be under way have no answer yet from the app on localhost:${port}.`,
    cure: 'Check whether it stands at a breakpoint or is stuck, then reload this page.',
  };
}

/** The header fields of the app's answer are larger than a link carries. */
function appHeadTooLarge(port: number): Problem {
  return {
    status: 502,
    code: 'LIMIT_EXCEEDED',
    title: "The head of the app's answer is too large",
    cause: `The app on localhost:${port} answered with more than ${HOST_LIMITS.localHeadBytes / 1024} KiB of header fields, cookies included.`,
    cure: 'Let the app send less of them, or move large values into the body.',
  };
}

/** The request can't be sent on as it is. */
export function badRequest(detail: string): Problem {
  return {
    status: 400,
    code: 'BAD_REQUEST',
    title: 'This request cannot be sent to the app',
    cause: `The host refused the request: ${detail}.`,
    cure: 'Open the page again from its own address.',
  };
}

/** Nothing is served there; the app's own paths can't begin like this. */
export function ownPageUnknown(path: string): Problem {
  return {
    status: 404,
    code: 'BAD_REQUEST',
    title: 'There is no such page',
    cause: `Paths under /__wingman are Wingman's own, and ${path} is none of its pages.`,
    cure: 'Look at the address. If the app has a page there, it needs another path.',
  };
}

/** A page of the host's own is asked with another method than it has. */
export function methodNotAllowed(methods: readonly string[]): Problem {
  return {
    status: 405,
    code: 'BAD_REQUEST',
    title: 'This page is not to be asked like that',
    cause: `This page of Wingman's own answers ${methods.join(', ')} only.`,
    cure: 'Open the page again from its own address.',
  };
}

/** A step of the host has failed, which is no fault of the app. */
function hostFailed(detail: string): Problem {
  return {
    status: 500,
    code: 'INTERNAL',
    title: 'Wingman made a mistake',
    cause: `The host could not carry this exchange (${detail}). Others are not affected.`,
    cure: 'Reload this page. If it happens again, report it with the address.',
  };
}

/** Picks the page for an error by its code. */
function problemFor(error: unknown, port: number): Problem {
  const { code, message } = toWingmanError(error, 'INTERNAL');
  switch (code) {
    case 'LOCAL_PORT_REFUSED':
      return localPortRefused(port);
    case 'TIMEOUT':
      return appTimedOut(port);
    case 'LIMIT_EXCEEDED':
      return appHeadTooLarge(port);
    case 'INTERNAL':
      return hostFailed(message);
    default:
      return appAborted(port, message);
  }
}

/** What the opener is shown when a step has failed: a page as HTML for browsers, as JSON for others. */
export function problemAnswer({ asked, local }: Exchange, error: unknown): Answer {
  const isRefusal = error instanceof Refusal;
  const problem = isRefusal ? error.problem : problemFor(error, local.loopback.port);
  const { contentType, body } = renderProblem(problem, headerValue(asked.headers, 'accept'));
  const fields = ['content-type', contentType, 'cache-control', 'no-store'];
  const headers = headersFromRaw([...fields, PROBLEM_HEADER, problem.code]);
  const more = isRefusal ? error.headers : [];
  return ownAnswer(asked, { status: problem.status, headers: [...headers, ...more], body });
}

/** An answer of the host's own; to HEAD it has no body. */
export function ownAnswer(
  { method }: RequestHead,
  { status, headers, body }: { status: number; headers: Header[]; body: string },
): Answer {
  const bytes = Buffer.from(body);
  const length = headersFromRaw(['content-length', String(bytes.byteLength)]);
  return {
    status,
    statusText: '',
    headers: [...headers, ...length],
    body: onePiece(method === 'HEAD' ? Buffer.alloc(0) : bytes),
    trailers: () => [],
    isOurs: true,
  };
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield await Promise.resolve(bytes);
}
