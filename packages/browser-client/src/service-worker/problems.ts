import { renderProblem, viewerProblem, type ErrorCode, type WingmanError } from '@wingman/protocol';

/** With these the request has not been handed to a link: to ask again is not to ask twice. */
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
