import type { Problem, ResponseHead } from '@wingman/protocol';
import { header, renderProblem } from '@wingman/protocol';

export {
  appProblem as problemFor,
  malformedRequest as badRequest,
  portNotAllowed,
} from '@wingman/protocol';

/** A page of our own, ready to be sent. */
export interface ProblemPage extends Pick<ResponseHead, 'status' | 'statusText' | 'headers'> {
  readonly body: Uint8Array;
}

/** Renders a problem for whoever asked: HTML for browsers, JSON for others. */
export function problemPage(problem: Problem, accept: string | undefined): ProblemPage {
  const { headers, body } = renderProblem(problem, accept);
  const bytes = Buffer.from(body);
  const fields = { ...headers, 'content-length': String(bytes.byteLength) };
  return {
    status: problem.status,
    statusText: '',
    headers: Object.entries(fields).map(([name, value]) => header(name, value)),
    body: bytes,
  };
}
