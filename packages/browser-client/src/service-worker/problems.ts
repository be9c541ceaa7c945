import { renderProblem, type WingmanError } from '@wingman/protocol';
import { problemFor } from '../shared/problems.js';

/** A page (or JSON, as `accept` has it) that says what went wrong; the shell recognises it and reloads it later. */
export function problemResponse(error: WingmanError, accept: string | undefined): Response {
  const problem = { ...problemFor(error.code), code: error.code };
  const { contentType, body } = renderProblem(problem, accept);
  const marker = contentType.startsWith('text/html') ? '<meta name="wingman-problem">' : '';
  return new Response(body + marker, {
    status: problem.status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'wingman-error': error.code,
    },
  });
}
