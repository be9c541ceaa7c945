import type { ErrorCode, Header, PageParts, Problem, RequestHead } from '@wingman/protocol';
import {
  appProblem,
  ASK_AGAIN_PART,
  header,
  headersFromRaw,
  headerValue,
  renderProblem,
  toWingmanError,
  WingmanError,
} from '@wingman/protocol';
import type { Answer, Exchange } from './exchange.js';

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
export function problemAnswer({ asked, local }: Exchange, error: unknown): Answer {
  const isRefusal = error instanceof Refusal;
  const { code, message } = toWingmanError(error, 'INTERNAL');
  const problem = isRefusal ? error.problem : appProblem(code, local.loopback.port, message);
  const parts = partsFor(isRefusal ? error.parts : undefined, code, asked);
  const page = renderProblem(problem, headerValue(asked.headers, 'accept'), parts);
  const headers = Object.entries(page.headers).map(([name, value]) => header(name, value));
  const more = isRefusal ? error.headers : [];
  return ownAnswer(asked, {
    status: problem.status,
    headers: [...headers, ...more],
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
