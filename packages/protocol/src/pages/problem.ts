import type { ErrorCode } from '../errors.js';
import { escapeHtml, ownPageHeaders } from './own-page.js';

/** The code of a problem. The codes that are no ErrorCode are for people: programs treat them as an ErrorCode. */
export type ProblemCode =
  | ErrorCode
  | 'UNSUPPORTED'
  | 'SERVER_UNREACHABLE'
  | 'SESSION_STOPPED'
  | 'SESSION_EXPIRED'
  | 'TUNNEL_CRASHED';

/** A failure, described for a person. */
export interface Problem<Code extends ProblemCode = ProblemCode> {
  status: number;
  code: Code;
  title: string;
  cause: string;
  cure: string;
}

/** A problem as an HTTP response. */
export interface ProblemPage {
  contentType: string;
  /** Names are in lower case. There is a `content-type` and no `content-length`. */
  headers: Record<string, string>;
  body: string;
}

/** The header that tells our pages from the app's. */
export const PROBLEM_HEADER = 'wingman-error';

/** What a page shows besides the problem, as HTML. */
export interface PageParts {
  readonly head?: string;
  readonly body?: string;
  /** What the request is called in logs. */
  readonly requestId?: string | undefined;
  /** What the page's policy opens for them, by directive (`ownPagePolicy`). */
  readonly opened?: Readonly<Record<string, string>>;
}

/** Renders a problem as HTML when the reader accepts HTML, else as JSON; the parts but the request's id are for HTML only. */
export function renderProblem(
  problem: Problem,
  accept: string | undefined,
  parts: PageParts = {},
): ProblemPage {
  const isPage = accept?.includes('text/html') === true;
  const contentType = `${isPage ? 'text/html' : 'application/json'}; charset=utf-8`;
  const headers: Record<string, string> = {
    ...ownPageHeaders({ 'style-src': `'${PROBLEM_STYLE_HASH}'`, ...parts.opened }),
    'content-type': contentType,
    [PROBLEM_HEADER]: problem.code,
  };
  if (problem.status === 503) headers['retry-after'] = '2';
  return { contentType, headers, body: isPage ? asHtml(problem, parts) : asJson(problem, parts) };
}

function asJson({ status, code, title, cause, cure }: Problem, { requestId }: PageParts): string {
  return `${JSON.stringify({ error: { status, code, title, cause, cure, requestId } }, undefined, 2)}\n`;
}

function asHtml(problem: Problem, { head = '', body = '', requestId }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(problem.title)}</title>
<style>${STYLE}</style>
${head}<main>
<p class="code">${problem.status} · ${problem.code}</p>
<h1>${escapeHtml(problem.title)}</h1>
<p>${escapeHtml(problem.cause)}</p>
<p class="cure"><b>What to do.</b> ${escapeHtml(problem.cure)}</p>
${body}<p class="by">This page comes from Wingman, not from the app.${requestId ? ` Request ${escapeHtml(requestId)}` : ''}</p>
</main>
</html>
`;
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2024;--soft:#5b636b;--paper:#fbfbfa;--line:#e3e3df;--mark:#3457d5}
@media(prefers-color-scheme:dark){:root{--ink:#e9eaec;--soft:#a0a7af;--paper:#16181b;--line:#2c3036;--mark:#8fa7ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:34rem;padding:2rem}
h1{font-size:1.6rem;line-height:1.2;margin:.3rem 0 1rem}
.code{margin:0;color:var(--soft);font:13px ui-monospace,monospace;letter-spacing:.02em}
.cure{border-left:3px solid var(--mark);padding-left:1rem}
.by{margin-top:2.5rem;padding-top:.8rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
`
  .trim()
  .replaceAll('\n', '');

/** The hash of the style of these pages. A literal, because browsers hash asynchronously only. */
export const PROBLEM_STYLE_HASH = 'sha256-MuYonu5AoV8ofl89V/iNO0fudWwAVYEkciYEQzF0rNg=';
