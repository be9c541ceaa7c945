import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '../src/limits.js';
import * as appProblems from '../src/pages/app-problems.js';
import { ASK_AGAIN_HASH, ASK_AGAIN_PART } from '../src/pages/ask-again.js';
import * as entryProblems from '../src/pages/entry-problems.js';
import { ownPageHeaders } from '../src/pages/own-page.js';
import {
  PROBLEM_HEADER,
  PROBLEM_STYLE_HASH,
  renderProblem,
  type Problem,
} from '../src/pages/problem.js';
import * as serverProblems from '../src/pages/server-problems.js';
import * as sessionProblems from '../src/pages/session-problems.js';

const { appProblem } = appProblems;
const { ingressProblem, shellProblem, viewerProblem } = sessionProblems;

/** The problems that a module has as constants. */
function constantsOf(module: Readonly<Record<string, unknown>>): [string, Problem][] {
  return Object.entries(module).filter(
    (entry): entry is [string, Problem] => typeof entry[1] === 'object',
  );
}

/** Every problem of the catalogue, with its name. */
const CATALOGUE: [string, Problem][] = [
  ...constantsOf(serverProblems),
  ...constantsOf(sessionProblems),
  ...constantsOf(entryProblems),
  ['passphraseNeeded', entryProblems.passphraseNeeded('That was not it. ')],
  ['readOnly', entryProblems.readOnly('a POST')],
  ['localPortRefused', appProblems.localPortRefused(3000)],
  ['portNotAllowed', appProblems.portNotAllowed(3000)],
  ['appAborted', appProblems.appAborted(3000, 'a reason')],
  ['appTimedOut', appProblems.appTimedOut(3000)],
  ['appHeadTooLarge', appProblems.appHeadTooLarge(3000)],
  ['malformedRequest', appProblems.malformedRequest('a reason')],
  ['FRAME_NEEDS_KEY', appProblems.FRAME_NEEDS_KEY],
  ['TOO_MANY_GUESSES', appProblems.TOO_MANY_GUESSES],
  ['appBusy', appProblems.appBusy(3000)],
  ['ownPageUnknown', appProblems.ownPageUnknown('/__wingman/x')],
  ['methodNotAllowed', appProblems.methodNotAllowed(['GET'])],
  ['INTERNAL', appProblems.appProblem('INTERNAL', 3000, 'a reason')],
];

describe('the catalogue', () => {
  test.each(CATALOGUE)(
    '%s has a status of its kind, whole sentences and a cure',
    (_name, problem) => {
      expect(problem.status).toBeGreaterThanOrEqual(400);
      expect(problem.status).toBeLessThan(600);
      expect(problem.title).toMatch(/^[A-Z][^.]*[^.\s]$/);
      expect(problem.cause).toMatch(/^[A-Z][^]{20,}\.$/);
      expect(problem.cure).toMatch(/^[A-Z][^]{8,}[.]$/);
    },
  );

  test('has no two problems with one title', () => {
    const titles = CATALOGUE.map(([, { title }]) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('writes apostrophes as people do', () => {
    for (const [name, { cause, cure, title }] of CATALOGUE) {
      expect([name, [title, cause, cure].join(' ').includes("'")]).toEqual([name, false]);
    }
  });
});

describe('what a viewer is told', () => {
  test.each([
    'TIMEOUT',
    'LINK_LOST',
    'SESSION_ENDED',
    'TOO_MANY_VIEWERS',
    'KEY_MISSING',
    'VISITOR_REFUSED',
  ] as const)('%s has words of its own', (code) => {
    expect(viewerProblem(code).code).toBe(code);
    expect(viewerProblem(code).title).not.toBe(viewerProblem('HOST_OFFLINE').title);
  });

  test('a code without words means a host that is away, and keeps its code', () => {
    expect(viewerProblem('INTERNAL')).toEqual({
      ...viewerProblem('HOST_OFFLINE'),
      code: 'INTERNAL',
    });
  });
});

describe('what the shell tells', () => {
  test.each(['SESSION_STOPPED', 'SESSION_EXPIRED', 'SERVER_UNREACHABLE', 'UNSUPPORTED'] as const)(
    '%s is something only the shell knows',
    (code) => {
      expect(shellProblem(code).code).toBe(code);
      expect(shellProblem(code).title).not.toBe(viewerProblem('HOST_OFFLINE').title);
    },
  );

  test('a failed request it tells as the service worker does', () => {
    expect(shellProblem('LINK_LOST')).toEqual(viewerProblem('LINK_LOST'));
  });
});

describe('what a plain HTTP client is told', () => {
  test.each([
    ['HOST_OFFLINE', 503],
    ['SESSION_ENDED', 410],
    ['SESSION_UNKNOWN', 404],
    ['INGRESS_REFUSED', 403],
    ['TIMEOUT', 504],
    ['LIMIT_EXCEEDED', 431],
    ['BAD_REQUEST', 400],
    ['INTERNAL', 500],
  ] as const)('%s: %d', (code, status) => {
    expect(ingressProblem(code)).toMatchObject({ code, status });
  });

  test('any other failure is an answer that was lost, and keeps its code', () => {
    expect(ingressProblem('UPSTREAM_ABORTED')).toMatchObject({
      code: 'UPSTREAM_ABORTED',
      status: 502,
      title: viewerProblem('LINK_LOST').title,
    });
  });
});

describe('what the host says of the app', () => {
  test.each([
    ['LOCAL_PORT_REFUSED', 502, 'Nothing answers on port 3000'],
    ['TIMEOUT', 504, 'The app did not answer in time'],
    ['LIMIT_EXCEEDED', 502, 'The head of the app’s answer is too large'],
    ['UPSTREAM_ABORTED', 502, 'The app gave no complete answer'],
    ['INTERNAL', 500, 'Wingman made a mistake'],
  ] as const)('%s: %d', (code, status, title) => {
    expect(appProblem(code, 3000, 'a reason')).toMatchObject({ status, title });
  });

  test('names the port, the reason and the limit', () => {
    expect(appProblem('LOCAL_PORT_REFUSED', 3000, '').cause).toContain('localhost:3000');
    expect(appProblem('UPSTREAM_ABORTED', 3000, 'ECONNRESET').cause).toContain('(ECONNRESET)');
    const { cause } = appProblem('LIMIT_EXCEEDED', 3000, '');
    expect(cause).toContain(`${LIMITS.maxHeadBytes / 1024} KiB`);
  });
});

describe('a problem as a response', () => {
  const problem: Problem = {
    status: 502,
    code: 'LOCAL_PORT_REFUSED',
    title: '<b>',
    cause: '"&',
    cure: '>',
  };

  test.each(['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8'])(
    'is a page for %s, and nothing in it is markup',
    (accept) => {
      const { body, contentType } = renderProblem(problem, accept);
      expect(contentType).toBe('text/html; charset=utf-8');
      expect(body).toContain('<h1>&lt;b&gt;</h1>');
      expect(body).toContain('&quot;&amp;');
      expect(body).not.toContain('<b>"');
    },
  );

  test.each([undefined, '', '*/*', 'application/json'])('is JSON for %j', (accept) => {
    const { body, contentType } = renderProblem(problem, accept);
    expect(contentType).toBe('application/json; charset=utf-8');
    expect(JSON.parse(body)).toEqual({ error: problem });
  });

  test('has its further parts in the page, and not in the JSON', () => {
    const opened = { 'form-action': "'self'" };
    const parts = { head: '<meta name="more">', body: '<form></form>', opened };
    const { body, headers } = renderProblem(problem, 'text/html', parts);
    expect(headers['content-security-policy']).toContain("form-action 'self'");
    expect(body.indexOf(parts.head)).toBeLessThan(body.indexOf('<main>'));
    expect(body.indexOf(parts.body)).toBeGreaterThan(body.indexOf('<main>'));
    expect(renderProblem(problem, '*/*', parts).body).toBe(renderProblem(problem, '*/*').body);
  });

  test('says that it is ours, and is neither stored nor sniffed', () => {
    expect(renderProblem(problem, undefined).headers).toEqual({
      ...ownPageHeaders({ 'style-src': `'${PROBLEM_STYLE_HASH}'` }),
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      [PROBLEM_HEADER]: 'LOCAL_PORT_REFUSED',
    });
  });

  test('asks for itself again by a script that its policy names, while somebody looks at it', () => {
    const { body, headers } = renderProblem(problem, 'text/html', ASK_AGAIN_PART);
    const script = /<script>(.*)<\/script>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(ASK_AGAIN_HASH).toBe(`sha256-${hash}`);
    expect(headers['content-security-policy']).toContain(`script-src '${ASK_AGAIN_HASH}'`);
    const [tab, loads] = [new EventTarget(), { count: 0 }];
    const page = Object.assign(tab, { hidden: true });
    const location = { reload: () => (loads.count += 1) };
    runInNewContext(script, { document: page, location, setTimeout: (act: () => void) => act() });
    expect(loads.count).toBe(0);
    page.hidden = false;
    tab.dispatchEvent(new Event('visibilitychange'));
    expect(loads.count).toBe(1);
  });

  test('is asked for again soon only when it is a matter of time', () => {
    const { headers } = renderProblem(sessionProblems.HOST_OFFLINE, undefined);
    expect(headers['retry-after']).toBe('2');
    expect(renderProblem(problem, undefined).headers['retry-after']).toBeUndefined();
  });
});
