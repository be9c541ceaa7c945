import { toWingmanError } from '@wingman/protocol';
import {
  admitOwn,
  compressBody,
  decodeBody,
  dropCookieDomains,
  endConnection,
  keepCookies,
  rewriteLocation,
  undoTransferCodings,
} from './answer-steps.js';
import { sayForwarded } from './app-address.js';
import { demandEntry } from './entry-steps.js';
import type { Exchange } from './exchange.js';
import { askApp, type HttpExchange } from './http-exchange.js';
import { demandKey } from './ingress-gate.js';
import { answerOwnPage } from './own-pages.js';
import { lookAhead, takePushed } from '../push/steps.js';
import { problemAnswer } from './problems.js';
import {
  askForPlainBytes,
  beginConnection,
  choosePort,
  describeFetch,
  keepReadOnly,
  refuseMalformed,
  rewriteOrigin,
  sendCookies,
  waitForPlace,
} from './request-steps.js';
import { tellRequestId } from './request-id.js';
import { joinApp, type WebSocketExchange } from './web-socket-exchange.js';

/**
 * One thing that is done to an exchange on its way. A step changes the exchange, answers it, or throws:
 * a Refusal shows the opener its own problem page, any other error the page of its code.
 */
export type Step<Kind extends Exchange = Exchange> = (exchange: Kind) => void | Promise<void>;

/** What is done to every opening head, in this order. The first step that answers is the last. */
const REQUEST: readonly Step[] = [
  refuseMalformed,
  demandKey,
  demandEntry,
  choosePort,
  answerOwnPage,
  keepReadOnly,
  takePushed,
  // Before the cookies, which have to be those of the moment at which the request goes out.
  waitForPlace,
  sendCookies,
  beginConnection,
  rewriteOrigin,
  sayForwarded,
  tellRequestId,
];

const HTTP_REQUEST: readonly Step<HttpExchange>[] = [
  ...REQUEST,
  askForPlainBytes,
  describeFetch,
  askApp,
];

const WEB_SOCKET: readonly Step<WebSocketExchange>[] = [...REQUEST, joinApp];

/** What is done to every answer of the app, in this order; also to the answer that refuses a WebSocket. */
const ANSWER: readonly Step[] = [
  keepCookies,
  undoTransferCodings,
  endConnection,
  dropCookieDomains,
  rewriteLocation,
  decodeBody,
  admitOwn,
  lookAhead,
  compressBody,
];

/** Answers a request. Never rejects: it ends in an answer, a problem page or a reset. */
export function runRequest(exchange: HttpExchange): Promise<void> {
  return runExchange(exchange, HTTP_REQUEST, ANSWER);
}

/** Runs a WebSocket to its end. Never rejects: it ends in a close, a refusal or a reset. */
export function runWebSocket(exchange: WebSocketExchange): Promise<void> {
  return runExchange(exchange, WEB_SOCKET, ANSWER);
}

/** The one place where an exchange fails: whatever a step throws ends here, in a problem page or a reset. */
export async function runExchange<Kind extends Exchange>(
  exchange: Kind,
  request: readonly Step<Kind>[],
  answer: readonly Step[],
): Promise<void> {
  try {
    await passRequest(exchange, request);
    if (exchange.isAnswered) await passAnswer(exchange, answer);
    exchange.observation.end({ outcome: 'complete' });
  } catch (error) {
    await fail(exchange, error);
  } finally {
    exchange.release();
  }
}

async function passRequest<Kind extends Exchange>(
  exchange: Kind,
  steps: readonly Step<Kind>[],
): Promise<void> {
  for (const step of steps) {
    await step(exchange);
    if (exchange.isAnswered) return;
  }
}

async function passAnswer(exchange: Exchange, steps: readonly Step[]): Promise<void> {
  // An answer of the host's own is complete as it is.
  if (exchange.answer.isOurs !== true) for (const step of steps) await step(exchange);
  await exchange.deliver(exchange.answer);
}

async function fail(exchange: Exchange, error: unknown): Promise<void> {
  const { abortion, observation } = exchange;
  if (abortion !== undefined) {
    observation.end({ outcome: 'aborted', ...abortion });
    return exchange.abort(abortion.code);
  }
  if (!exchange.hasHead && (await refuse(exchange, error))) return;
  const { code } = toWingmanError(error, 'UPSTREAM_ABORTED');
  observation.end({ outcome: 'aborted', code, by: code === 'INTERNAL' ? 'host' : 'app' });
  exchange.abort(code);
}

/** Shows the opener what went wrong; false when that can't be done any more. */
async function refuse(exchange: Exchange, error: unknown): Promise<boolean> {
  // The app's socket must not wait until the page has been read.
  exchange.release();
  try {
    await exchange.deliver(problemAnswer(exchange, error));
  } catch {
    return false;
  }
  const { code } = toWingmanError(error, 'INTERNAL');
  exchange.observation.end({ outcome: 'refused', code });
  return true;
}
