import type { PortsAnswer } from '@wingman/protocol';
import {
  header,
  headersFromRaw,
  INGRESS_TARGET,
  methodNotAllowed,
  ownPageUnknown,
  PORTS_TARGET,
  PUSHES_TARGET,
  SPEED_TARGET,
  TOGETHER_TARGET,
} from '@wingman/protocol';
import type { Answer, Exchange } from './exchange.js';
import { enterByLink, giveIngressCookie } from './ingress-gate.js';
import { ownAnswer, Refusal } from './problems.js';
import { countBytes, sendNoise } from './speed-page.js';
import { reservedPath } from './target-readings.js';
import { countDropped, openPushes } from '../push/steps.js';
import type { Via } from '../local/local-ports.js';
import { takePart, takePlace } from '../together/pages.js';

/** Answers one method of a page; HEAD is answered like GET, without the body. */
export type Handler = (exchange: Exchange) => Answer | Promise<Answer>;

/** A page that the host itself serves. */
export interface OwnPage {
  /** Who may ask for it. A viewer has proved the link key; a client of the ingress only where the ingress wants it. */
  readonly doors: readonly Via[];
  readonly methods: ReadonlyMap<string, Handler>;
}

const INGRESS_METHODS = new Map([
  ['GET', enterByLink],
  ['POST', giveIngressCookie],
]);

const SPEED_METHODS = new Map<string, Handler>([
  ['GET', sendNoise],
  ['POST', countBytes],
]);

const PUSHES_METHODS = new Map<string, Handler>([
  ['GET', openPushes],
  ['POST', countDropped],
]);

const TOGETHER_METHODS = new Map<string, Handler>([
  ['GET', takePart],
  ['POST', takePlace],
]);

/** The host's own pages, by path. Each line is a page. */
const PAGES: ReadonlyMap<string, OwnPage> = new Map([
  [PORTS_TARGET, { doors: ['viewer'], methods: new Map([['GET', tellPorts]]) }],
  [PUSHES_TARGET, { doors: ['viewer'], methods: PUSHES_METHODS }],
  [SPEED_TARGET, { doors: ['viewer'], methods: SPEED_METHODS }],
  [TOGETHER_TARGET, { doors: ['viewer'], methods: TOGETHER_METHODS }],
  [INGRESS_TARGET, { doors: ['ingress'], methods: INGRESS_METHODS }],
]);

/** Answers what is asked under the reserved prefix; an unknown page is refused, and never reaches the app. */
export async function answerOwnPage(exchange: Exchange, pages = PAGES): Promise<void> {
  const { asked, context, local, kind } = exchange;
  // The prefix is one of the session's own origin; other ports have all of their paths for themselves.
  if (local !== context.ports.shared) return;
  const path = reservedPath(asked.target);
  if (path === undefined) return;
  const page = pages.get(path);
  const isOpen = page?.doors.includes(context.via) === true && kind === 'http';
  if (page === undefined || !isOpen) throw new Refusal(ownPageUnknown(path));
  const handler = page.methods.get(asked.method === 'HEAD' ? 'GET' : asked.method);
  if (handler === undefined) throw notAllowed([...page.methods.keys()]);
  exchange.answer = await handler(exchange);
}

function notAllowed(methods: string[]): Refusal {
  const all = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return new Refusal(methodNotAllowed(all), [header('allow', all.join(', '))]);
}

/** Which ports of this machine a viewer may name. */
function tellPorts({ asked, context: { ports } }: Exchange): Answer {
  const answer: PortsAnswer = { port: ports.shared.loopback.port, also: [...ports.also] };
  const headers = headersFromRaw(['content-type', 'application/json', 'cache-control', 'no-store']);
  return ownAnswer(asked, { status: 200, headers, body: JSON.stringify(answer) });
}
