import { renderProblem, type ErrorCode, type WingmanError } from '@wingman/protocol';
import { problemFor } from '../shared/problems.js';

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
  const problem = { ...problemFor(error.code), code: error.code };
  const { contentType, body } = renderProblem(problem, accept);
  const isRepeatable = method === 'GET' && UNSENT.has(error.code);
  const isMarked = isRepeatable && contentType.startsWith('text/html');
  const marker = isMarked ? '<meta name="wingman-problem">' : '';
  return new Response(body + marker, {
    status: problem.status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'wingman-error': error.code,
    },
  });
}
