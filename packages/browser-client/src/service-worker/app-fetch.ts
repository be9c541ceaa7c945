import type { OwnRequest } from '@wingman/app-worker/service-worker';
import { toWingmanError, WingmanError } from '@wingman/protocol';
import type { FetchHead, HeaderPair, ReplyHead, TunnelPort } from '../shared/exchange-messages.js';
import { ownerOf, type Exchanges } from './exchanges.js';
import { nobodyWaits, type GivenUp } from './given-up.js';
import type { HeldPost, HeldPosts } from './held-posts.js';
import type { Answer, AskApp, HttpCache } from './http-cache.js';
import { inIsolatedTab, isAttachment } from './isolation.js';
import { buildReply, dropBody, isNoAnswer, problemResponse, readsBody } from './reply.js';
import type { RedirectedBodies } from './redirected-bodies.js';
import type { Pushes, TabPushes, Wanted } from './pushes.js';
import { openBlob, type RequestBody } from './request-body.js';
import { requestHead, type Surroundings } from './request-head.js';
import { HOST_TARGETS, isFrameNavigation } from './routing.js';
import type { ShellDirectory, ShellEntry } from './shell-directory.js';
import { startExchange, type ReplyBody, type TunnelFetch } from './tunnel-fetch.js';
import { UploadReports } from './upload-reports.js';
import type { WorkerScripts } from './worker-scripts.js';

/** The tools for answering a request of the app. */
export interface AppFetchTools {
  directory: ShellDirectory;
  exchanges: Exchanges;
  givenUp: GivenUp;
  surroundings: Surroundings;
  cache: HttpCache;
  posts: HeldPosts;
  pushes: Pushes;
  bodies: RedirectedBodies;
  workerScripts: WorkerScripts;
  /** Tells the tab that a navigation of its frame brings a file, and when that is over. */
  tellOfFile: (entry: ShellEntry, saved: Promise<void>) => void;
}

/** The parts of a FetchEvent that are needed for an answer. */
export type Asked = Pick<FetchEvent, 'request' | 'clientId' | 'resultingClientId' | 'handled'> & {
  /** The app worker has asked, and it may still give the page other headers. */
  isForWorker?: boolean;
};

/** Answers a request of the app: through the tunnel, or by the network in a tab that has none on purpose. */
export async function appFetch(event: Asked, tools: AppFetchTools): Promise<Response> {
  const { request } = event;
  const entry = await tools.directory.find({
    clientId: event.clientId,
    resultingClientId: event.resultingClientId,
    url: request.url,
    isFrameNavigation: isFrameNavigation(request),
  });
  if (entry === undefined) return unanswered(request);
  const post = isFrameNavigation(request)
    ? tools.posts.take(entry.clientId, request.url)
    : undefined;
  if (post === 'lost') return problem(request, new WingmanError('LINK_LOST', 'the form is gone'));
  if (entry.port === null) {
    // The server must not see a passphrase, nor what viewers do together.
    if (HOST_TARGETS.includes(new URL(request.url).pathname)) return Response.error();
    return post === undefined ? fetch(request) : fetchHeld(post);
  }
  const response = await throughTunnel(event, { entry, port: entry.port, post }, tools);
  if (!entry.isIsolated || !isFrameNavigation(request) || event.isForWorker === true) {
    return response;
  }
  return inIsolatedTab(response, post?.request.method ?? request.method);
}

/** Where a request goes, and the held POST that is sent in place of the request. */
interface Way {
  entry: ShellEntry;
  port: TunnelPort;
  post: HeldPost | undefined;
}

async function throughTunnel(
  { clientId, handled, request: asked }: Asked,
  { entry, port, post }: Way,
  tools: AppFetchTools,
): Promise<Response> {
  const request = post?.request ?? asked;
  const bodyOf = { request, clientId };
  try {
    const body = post === undefined ? await tools.bodies.open(bodyOf) : openBlob(post.body);
    const head = headOf(request, body, post, tools.surroundings);
    const pushes = tools.pushes.of(port);
    if (isFrameNavigation(asked)) pushes.navigated();
    const ask: AskApp = async (conditions) => {
      const wanted = { request, conditions };
      const pushed = pushes.take(wanted);
      if (pushed !== undefined) return answerOf(request, pushed.head, pushed.body);
      const reports = post === undefined ? UploadReports.of(request) : undefined;
      const whole = { ...head, headers: [...head.headers, ...conditions] };
      const exchange = start(whole, { port, body, signal: asked.signal, reports });
      tools.exchanges.add(entry.tab, exchange, ownerOf(asked, clientId));
      tools.givenUp.add(asked, exchange);
      const answer = await replyOrPush(reply(request, handled, exchange), wanted, {
        ...{ exchange, pushes },
      });
      const isFile = isFrameNavigation(asked) && isAttachment(answer.response);
      if (isFile) tools.tellOfFile(entry, exchange.done);
      return answer;
    };
    const { session } = entry;
    const response = await tools.cache.answer({ request, head, session }, ask);
    tools.bodies.keep(bodyOf, response, body);
    return await tools.workerScripts.prefix(request, response, entry.tab);
  } catch (error) {
    if (tools.givenUp.has(asked)) return nobodyWaits();
    return problem(request, toWingmanError(error, 'INTERNAL'));
  }
}

/** A held POST goes as what the app sees: an ordinary navigation of a frame. */
function headOf(
  request: Request,
  { chunks, length }: RequestBody,
  post: HeldPost | undefined,
  surroundings: Surroundings,
): FetchHead {
  const head = requestHead(request, surroundings, { present: chunks !== undefined, length });
  return post === undefined ? head : { ...head, destination: 'iframe' };
}

interface Sending {
  port: TunnelPort;
  body: RequestBody;
  signal: AbortSignal;
  reports: UploadReports | undefined;
}

function start(head: FetchHead, { port, body, signal, reports }: Sending): TunnelFetch {
  if (body.chunks === undefined) reports?.tell({ bytes: 0, isAll: true });
  return startExchange(port, head, body.chunks, signal, reports);
}

function fetchHeld({ request, body }: HeldPost): Promise<Response> {
  const { method, headers, url } = request;
  return fetch(url, { method, headers, body, redirect: 'manual' });
}

/** The answer to a request under way, or what is pushed for it meanwhile. */
async function replyOrPush(
  reply: Promise<Answer>,
  wanted: Wanted,
  { exchange, pushes }: { exchange: TunnelFetch; pushes: TabPushes },
): Promise<Answer> {
  const awaited = pushes.await(wanted);
  if (awaited === undefined) return reply;
  try {
    const first = await Promise.race([reply, awaited.pushed]);
    if ('response' in first) return first;
    // Nobody hears of the end of the exchange.
    reply.catch(() => undefined);
    exchange.abort(new WingmanError('CANCELLED', 'it was pushed'));
    return await answerOf(wanted.request, first.head, first.body);
  } finally {
    awaited.giveUp();
  }
}

async function reply(
  request: Request,
  handled: Promise<unknown>,
  exchange: TunnelFetch,
): Promise<Answer> {
  const { head, body } = await exchange.reply(handled);
  try {
    return await answerOf(request, head, body);
  } catch (error) {
    exchange.abort(toWingmanError(error, 'PROTOCOL_ERROR'));
    throw error;
  }
}

async function answerOf(request: Request, head: ReplyHead, body: ReplyBody): Promise<Answer> {
  const isFrameNavigation = request.mode === 'navigate';
  const context = { method: request.method, url: request.url, isFrameNavigation };
  if (!isFrameNavigation && isNoAnswer(head)) {
    await dropBody(body);
    return { head, response: Response.error(), body: null };
  }
  const response = buildReply(head, context, body);
  if (!readsBody(head, request.method)) await dropBody(body);
  const isWhole = body instanceof Uint8Array && !head.headers.some(isEncoding);
  return { head, response, body: isWhole ? body : null };
}

function isEncoding([name]: HeaderPair): boolean {
  return name === 'content-encoding';
}

/** No tab can carry the request, and the network must not see it. */
function unanswered(request: Request): Response {
  if (!isFrameNavigation(request)) return Response.error();
  return problem(request, new WingmanError('TIMEOUT', 'no tab answered'));
}

function problem(request: Request, error: WingmanError): Response {
  if (error.code === 'CANCELLED') return Response.error();
  const accept = request.headers.get('accept') ?? undefined;
  return problemResponse(error, { accept, method: request.method });
}

/** Sends the service worker's own GETs through a tab's tunnel; fails with LINK_LOST when the tab has no tunnel. */
export function ownRequests(
  directory: ShellDirectory,
  surroundings: Surroundings,
  exchanges: Exchanges,
): OwnRequest {
  return async (tab, url, { destination, headers, signal }) => {
    const way = (await directory.ofTab(tab))?.port ?? null;
    if (way === null) throw new WingmanError('LINK_LOST', 'the tab has no tunnel');
    const source = new Request(url, { headers, mode: 'same-origin' });
    const head = requestHead(source, surroundings, { present: false, length: null });
    const exchange = startExchange(way, { ...head, destination }, undefined, signal);
    exchanges.add(tab, exchange);
    const reply = await exchange.reply();
    return buildReply(reply.head, { method: 'GET', url, isFrameNavigation: false }, reply.body);
  };
}
