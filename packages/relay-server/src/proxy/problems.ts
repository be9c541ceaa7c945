import type { ErrorCode, Problem, ResponseHead } from '@wingman/protocol';
import { headersFromRaw, renderProblem } from '@wingman/protocol';
import { HOST_LIMITS } from '../limits.js';

/** A page of our own, ready to be sent. */
export interface ProblemPage extends Pick<ResponseHead, 'status' | 'statusText' | 'headers'> {
  readonly body: Uint8Array;
}

/** The local port refuses connections, or doesn't answer. */
export function localPortRefused(port: number): Problem {
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
export function appAborted(port: number, detail: string): Problem {
  return {
    status: 502,
    code: 'UPSTREAM_ABORTED',
    title: 'The app gave no complete answer',
    cause: `The app on localhost:${port} ended the connection before it had answered (${detail}).`,
    cure: "Look at the app's own log on the developer's machine, then reload this page.",
  };
}

/** The app took longer than the host waits. */
export function appTimedOut(port: number): Problem {
  return {
    status: 504,
    code: 'TIMEOUT',
    title: 'The app did not answer in time',
    cause: `The app on localhost:${port} took the request but sent no answer.`,
    cure: 'Check whether it stands at a breakpoint or is stuck, then reload this page.',
  };
}

/** The header fields of the app's answer are larger than a link carries. */
export function appHeadTooLarge(port: number): Problem {
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

/** An error of the host's own; its message is nobody's business. */
const HOST_FAILED: Problem = {
  status: 500,
  code: 'INTERNAL',
  title: 'The tunnel has failed',
  cause: "Something went wrong in the tunnel's own program on the developer's machine.",
  cure: 'Try again; if it stays so, tell whoever shares the app.',
};

/** Picks the page for a failure of the local port. */
export function problemFor(code: ErrorCode, port: number, detail: string): Problem {
  if (code === 'LOCAL_PORT_REFUSED') return localPortRefused(port);
  if (code === 'TIMEOUT') return appTimedOut(port);
  if (code === 'LIMIT_EXCEEDED') return appHeadTooLarge(port);
  if (code === 'INTERNAL') return HOST_FAILED;
  return appAborted(port, detail);
}

/** Renders a problem for whoever asked: HTML for browsers, JSON for others. */
export function problemPage(problem: Problem, accept: string | undefined): ProblemPage {
  const { contentType, body } = renderProblem(problem, accept);
  const bytes = Buffer.from(body);
  const headers = headersFromRaw([
    'content-type',
    contentType,
    'content-length',
    String(bytes.byteLength),
    'cache-control',
    'no-store',
    'wingman-error',
    problem.code,
  ]);
  return { status: problem.status, statusText: '', headers, body: bytes };
}
