import type { Header, IncomingRequest, Problem, RequestHead } from '@wingman/protocol';
import { headerValue, toWingmanError } from '@wingman/protocol';
import { ExchangeCookies } from '../cookies/exchange-cookies.js';
import { admitOwnFrame } from './frame-policy.js';
import type { LocalResponse } from './local-client.js';
import { locationRule, ownOrigins, rewriteContext, type ForwardContext } from './local-context.js';
import type { LocalTarget } from './local-ports.js';
import { admitOwnOrigins } from './own-sources.js';
import { badRequest, portNotAllowed, problemFor, problemPage } from './problems.js';
import { localRequestHeaders, type Via } from './request-headers.js';
import { prepareBody } from './response-body.js';
import { responseHead } from './response-head.js';
import { publicResponseHeaders, without } from './response-headers.js';
import { faultOf } from './target.js';
import type { Transfer } from './transfers.js';

/**
 * Answers a request from the local port. Never rejects, whatever the app answers and whatever fails here:
 * every request ends in a response or a reset.
 */
export async function forwardRequest(
  incoming: IncomingRequest,
  via: Via,
  context: ForwardContext,
): Promise<void> {
  const { method, target, headers, port } = incoming.head;
  const fault = faultOf(method, target, headers);
  if (fault !== undefined) return sendProblem(incoming, badRequest(fault));
  const local = context.ports.find(port, via);
  if (local === undefined) return sendProblem(incoming, portNotAllowed(port));
  let response: LocalResponse | undefined;
  try {
    const cookies = new ExchangeCookies(incoming.head, via, context);
    response = await askApp(incoming, cookies.requestHeaders, { via, local, context });
    const shareable = { ...response, headers: cookies.received(response.headers) };
    await sendResponse(incoming, shareable, via, context);
  } catch (error) {
    // The app died, or the opener is gone, or an error of ours.
    response?.body.destroy();
    await failRequest(incoming, local.loopback.port, error);
  }
}

/** Whom a request goes to, and on whose behalf. */
interface Way {
  readonly via: Via;
  readonly local: LocalTarget;
  readonly context: ForwardContext;
}

function askApp(
  incoming: IncomingRequest,
  headers: Header[],
  { via, local, context }: Way,
): Promise<LocalResponse> {
  const head = { ...incoming.head, headers };
  const rewrite = rewriteContext(incoming.head, via, local, context);
  return local.client.request({
    method: head.method,
    target: head.target,
    headers: localRequestHeaders(head, rewrite),
    body: head.hasBody ? context.transfers.watch(incoming.body, upload(head)) : undefined,
    signal: incoming.signal,
    informational: (status, statusText, headers) => {
      try {
        const shown = publicResponseHeaders(headers, locationRule(incoming.head, via, context));
        // Browsers keep no cookies of an interim answer.
        const plain = without(shown, 'set-cookie');
        incoming.informational(responseHead(status, statusText, plain));
      } catch {
        // Too large for a link: an exchange can do without hints.
      }
    },
  });
}

async function sendResponse(
  incoming: IncomingRequest,
  response: LocalResponse,
  via: Via,
  context: ForwardContext,
): Promise<void> {
  const { status, statusText } = response;
  const rule = locationRule(incoming.head, via, context);
  const origins = ownOrigins(context);
  const framed = admitOwnFrame(response.headers, incoming.head.destination);
  const shown = publicResponseHeaders(framed, rule);
  const own = admitOwnOrigins(shown, { port: context.ports.shared.loopback.port, origins });
  const { headers, body } = prepareBody(incoming.head, response, own, { via, origins });
  const transfer = { ...upload(incoming.head), direction: 'download', headers } as const;
  incoming.respond(responseHead(status, statusText, headers));
  for await (const chunk of context.transfers.watch(body, transfer)) await incoming.write(chunk);
  // A cookie has no place in trailers (RFC 9110 section 6.5.1), and could be an HttpOnly one.
  incoming.end(without(response.trailers(), 'set-cookie'));
}

function upload({ method, target, headers }: RequestHead): Transfer {
  return { direction: 'upload', method, target, headers };
}

async function failRequest(incoming: IncomingRequest, port: number, error: unknown): Promise<void> {
  if (incoming.signal.aborted) return;
  const { code, message } = toWingmanError(error, 'INTERNAL');
  await sendProblem(incoming, problemFor(code, port, message));
}

/** Answers with a page; once there is an answer already, that is cut short. */
async function sendProblem(incoming: IncomingRequest, problem: Problem): Promise<void> {
  const page = problemPage(problem, headerValue(incoming.head.headers, 'accept'));
  try {
    incoming.respond(responseHead(page.status, page.statusText, page.headers));
    if (incoming.head.method !== 'HEAD') await incoming.write(page.body);
    incoming.end();
  } catch {
    incoming.abort('UPSTREAM_ABORTED');
  }
}
