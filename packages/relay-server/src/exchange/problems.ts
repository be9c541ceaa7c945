import type { ErrorCode, Header, PageParts, Problem, RequestHead } from '@wingman/protocol';
import {
  appProblem,
  ASK_AGAIN_PART,
  header,
  headersFromRaw,
  headerValue,
  renderProblem,
  REQUEST_ID_FIELD,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import type { Answer, Exchange } from './exchange.js';
import { requestIdOf } from './request-id.js';

/** A step throws this to show the opener a certain problem, with further header fields and parts of the page where needed. */
export class Refusal extends WingmanError {
  constructor(
    readonly problem: Problem<ErrorCode>,
    readonly headers: readonly Header[] = [],
    readonly parts: PageParts = {},
  ) {
    super(problem.code, problem.cause);
  }
}

/** What the opener is shown when a step has failed: a page as HTML for browsers, as JSON for others. */
export function problemAnswer({ asked, local, observation }: Exchange, error: unknown): Answer {
  const isRefusal = error instanceof Refusal;
  const { code, message } = toWingmanError(error, 'INTERNAL');
  const problem = isRefusal ? error.problem : appProblem(code, local.loopback.port, message);
  const parts = partsFor(isRefusal ? error.parts : undefined, code, asked);
  const requestId = requestIdOf(observation);
  const accept = headerValue(asked.headers, 'accept');
  const page = renderProblem(problem, accept, { ...parts, requestId });
  const headers = Object.entries(page.headers).map(([name, value]) => header(name, value));
  const more = isRefusal ? error.headers : [];
  return ownAnswer(asked, {
    status: problem.status,
    headers: [...headers, header(REQUEST_ID_FIELD, requestId), ...more],
    body: page.body,
  });
}

function partsFor(own: PageParts | undefined, code: ErrorCode, { method }: RequestHead): PageParts {
  // A dev server that starts again answers a moment later.
  const parts = own ?? (code === 'LOCAL_PORT_REFUSED' ? ASK_AGAIN_PART : {});
  return parts === ASK_AGAIN_PART && method !== 'GET' ? {} : parts;
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
