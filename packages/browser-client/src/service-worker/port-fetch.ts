import {
  isRedirect,
  PORTS_TARGET,
  PROBLEM_HEADER,
  toWingmanError,
  WingmanError,
  type PortsAnswer,
  type BoundedMap,
} from '@wingman/protocol';
import { forbidsEmbedding } from '@wingman/web-policy';
import type { FetchHead, TunnelPort } from '../shared/exchange-messages.js';
import { howToShare, localPort, sharesCookies } from '../shared/loopback.js';
import type { AppFetchTools, Asked } from './app-fetch.js';
import {
  corsFault,
  hideHeaders,
  needsPreflight,
  preflightFault,
  preflightHeaders,
  preflightLife,
} from './cors-rules.js';
import { buildReply, dropBody } from './reply.js';
import { openBody } from './request-body.js';
import { requestHead } from './request-head.js';
import type { ShellEntry } from './shell-directory.js';
import { startExchange, TunnelFetch } from './tunnel-fetch.js';

/** The tools for answering a request for another port. */
export interface PortFetchTools extends AppFetchTools {
  sharedPorts: SharedPorts;
  /** Until when (milliseconds since 1970) a server's answer to a preflight holds. */
  preflights: BoundedMap<string, number>;
  /** Writes an error to the console of the tab. */
  complain: (entry: ShellEntry, text: string) => void;
}

/** A request of the app for a port of the developer's machine, and what is known about it. */
interface PortRequest {
  request: Request;
  url: URL;
  port: number;
  way: TunnelPort;
  tab: string;
  /** The app's origin on the developer's machine: the origin that servers there have to allow. */
  origin: string;
  /** Whether this request goes to the host of the app's page, at whatever port. */
  isSameSite: boolean;
  /** Whether this request stays within the app's own origin on the developer's machine. */
  isSameOrigin: boolean;
}

/** Answers a request for a port of the developer's machine, with the CORS checks of a browser on that machine. */
export async function portFetch(event: Asked, tools: PortFetchTools): Promise<Response> {
  const { request, clientId, resultingClientId } = event;
  const requester = { clientId, resultingClientId, url: request.url, isFrameNavigation: false };
  const entry = await tools.directory.find(requester);
  if (entry === undefined) return Response.error();
  // Without a tunnel a tab reaches the app, and no other port of the developer's machine.
  if (entry.port === null) return fetch(request);
  try {
    return await answer(await describe(request, entry, entry.port, tools), tools);
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    if (code !== 'CANCELLED') tools.complain(entry, message);
    return code === 'REFUSED' && isStream(request) ? refusedStream() : Response.error();
  }
}

/** An EventSource tries again after a network error, and gives up after an answer that is no event stream. */
function refusedStream(): Response {
  return new Response(null, { status: 403 });
}

function isStream({ headers }: Request): boolean {
  return headers.get('accept') === 'text/event-stream';
}

async function describe(
  request: Request,
  { tab }: ShellEntry,
  way: TunnelPort,
  { sharedPorts, surroundings }: PortFetchTools,
): Promise<PortRequest> {
  const url = new URL(request.url);
  const page = new URL(surroundings.origin);
  const port = localPort(url, page) ?? 0;
  // A port that isn't shared is asked for all the same: the host refuses it, and tells the developer.
  const shared = await sharedPorts.find(way, port);
  const { origin } = new URL(`http://localhost:${shared.port}`);
  const isSameSite = sharesCookies(url, page);
  const isSameOrigin = isSameSite && port === shared.port;
  return { request, url, port, way, tab, origin, isSameSite, isSameOrigin };
}

async function answer(asked: PortRequest, tools: PortFetchTools): Promise<Response> {
  const { request, isSameOrigin } = asked;
  const usesCors = request.mode === 'cors' && !isSameOrigin;
  if (usesCors && needsPreflight(request)) await preflight(asked, tools);
  const body = await openBody(request);
  const head = headOf(asked, tools, { present: body.chunks !== undefined, length: body.length });
  const exchange = startExchange(asked.way, head, body.chunks, request.signal);
  tools.exchanges.add(asked.tab, exchange);
  const reply = await exchange.reply();
  const context = { method: request.method, url: request.url, isFrameNavigation: false };
  try {
    const response = buildReply(reply.head, context, reply.body);
    refuseProblem(response, asked);
    if (usesCors) return readable(response, asked);
    return isSameOrigin ? response : unread(response, asked);
  } catch (error) {
    exchange.abort(toWingmanError(error, 'PROTOCOL_ERROR'));
    throw error;
  }
}

function headOf(
  { request, url, port, isSameSite, isSameOrigin }: PortRequest,
  { surroundings }: PortFetchTools,
  body: { present: boolean; length: number | null },
): FetchHead {
  const head = requestHead(request, surroundings, body);
  const hasOrigin = head.headers.some(([name]) => name === 'origin');
  const isForeign = request.mode === 'cors' && !isSameOrigin && !hasOrigin;
  return {
    ...head,
    port,
    headers: [
      ...head.headers.filter(([name]) => name !== 'host'),
      ['host', url.host],
      // The host writes the app's own origin in its place.
      ...(isForeign ? [['origin', surroundings.origin] as [string, string]] : []),
    ],
    hasCredentials: isSameSite && sendsCookies(request.credentials, isSameOrigin),
  };
}

function sendsCookies(credentials: RequestCredentials, isSameOrigin: boolean): boolean {
  return credentials === 'include' || (credentials === 'same-origin' && isSameOrigin);
}

/** Asks the server whether it would take the request; throws when it would not. */
async function preflight(asked: PortRequest, tools: PortFetchTools): Promise<void> {
  const { request, url, port, way, tab, origin } = asked;
  const question = preflightHeaders(request);
  const key = [url.href, request.credentials, ...question.flat()].join('\n');
  if ((tools.preflights.get(key) ?? 0) > Date.now()) return;
  const exchange = startExchange(
    way,
    {
      method: 'OPTIONS',
      target: url.pathname + url.search,
      headers: [
        ...question,
        ['host', url.host],
        ['origin', tools.surroundings.origin],
        ['user-agent', tools.surroundings.userAgent],
      ],
      destination: 'empty',
      mode: 'cors',
      hasBody: false,
      hasCredentials: false,
      port,
    },
    undefined,
    request.signal,
  );
  tools.exchanges.add(tab, exchange);
  const { head, body } = await exchange.reply();
  await dropBody(body);
  const response = buildReply(head, { method: 'HEAD', url: '', isFrameNavigation: false }, body);
  refuseProblem(response, asked);
  const fault = preflightFault(request, response, origin);
  if (fault !== undefined) throw blocked(asked, `the preflight was refused: ${fault}`);
  tools.preflights.set(key, Date.now() + preflightLife(response.headers) * 1000);
}

/** Throws when the answer is a problem page of the host: the connection has failed then. */
function refuseProblem({ headers }: Response, { port }: PortRequest): void {
  const code = headers.get(PROBLEM_HEADER);
  if (code === null) return;
  const isRefused = code === 'PORT_NOT_ALLOWED';
  const what = `localhost:${port} of the developer's machine could not be reached (${code}).`;
  if (isRefused) throw new WingmanError('PORT_NOT_ALLOWED', howToShare(port));
  throw new WingmanError('LOCAL_PORT_REFUSED', what);
}

/** Another origin's answer with the fields that a page may read; throws when the page may read nothing. */
function readable(response: Response, asked: PortRequest): Response {
  const { credentials } = asked.request;
  const fault = corsFault(response.headers, asked.origin, credentials);
  if (fault !== undefined) throw blocked(asked, fault);
  hideHeaders(response.headers, credentials);
  return response;
}

/** The answer to a request without CORS. A page may use such an answer and not read it. */
function unread(response: Response, asked: PortRequest): Response {
  const policy = response.headers.get('cross-origin-resource-policy');
  if (forbidsEmbedding(policy, asked.isSameSite)) {
    throw blocked(asked, 'its Cross-Origin-Resource-Policy forbids it');
  }
  const isForScript = asked.request.destination === '';
  if (!isForScript || isRedirect(response.status, response.headers.get('location'))) {
    return response;
  }
  void response.body?.cancel();
  return new Response(null);
}

function blocked({ url, origin }: PortRequest, why: string): WingmanError {
  const message = `Access to '${url.href}' from origin '${origin}' has been blocked by CORS policy: ${why}.`;
  return new WingmanError('REFUSED', message);
}

const QUESTION: FetchHead = {
  method: 'GET',
  target: PORTS_TARGET,
  headers: [['accept', 'application/json']],
  destination: 'empty',
  mode: 'same-origin',
  hasBody: false,
  hasCredentials: false,
};

/** The ports that the developer shares. The host is asked once for each tunnel port. */
export class SharedPorts {
  readonly #answers = new WeakMap<TunnelPort, Promise<PortsAnswer>>();

  /** The answer, asked anew when `port` was not in the last one: the host may have been restarted. */
  async find(way: TunnelPort, port: number): Promise<PortsAnswer> {
    const known = await this.#answers.get(way);
    if (known !== undefined && allows(known, port)) return known;
    const answer = ask(way);
    this.#answers.set(way, answer);
    answer.catch(() => this.#answers.delete(way));
    return answer;
  }
}

/** Whether the app's pages may use a port. */
function allows({ port, also }: PortsAnswer, asked: number): boolean {
  return asked === port || also.includes(asked);
}

async function ask(way: TunnelPort): Promise<PortsAnswer> {
  const { head, body } = await new TunnelFetch(way, QUESTION).reply();
  const answer = (await new Response(body).json()) as Partial<PortsAnswer>;
  const { port, also } = answer;
  if (head.status !== 200 || typeof port !== 'number' || !Array.isArray(also)) {
    throw new WingmanError('PROTOCOL_ERROR', 'the host does not say which ports it shares');
  }
  return { port, also };
}
