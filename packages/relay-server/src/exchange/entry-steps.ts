import {
  APPROVAL_LAPSED,
  APPROVAL_NEEDED,
  ASK_AGAIN_PART,
  ENTRY_TARGET,
  header,
  headersFromRaw,
  headerValue,
  INGRESS_REFUSED,
  PAUSED,
  passphraseNeeded,
  TOO_MANY_WAITING,
  VISITOR_REFUSED,
} from '@wingman/protocol';
import type { EntryVerdict } from '../entry/entrance.js';
import { HOST_LIMITS } from '../limits.js';
import { passphrasePart, readEntryForm } from './entry-page.js';
import type { Answer, Exchange } from './exchange.js';
import { HttpExchange } from './http-exchange.js';
import { reservedPath } from './target-readings.js';
import { ownAnswer, Refusal } from './problems.js';
import { readSmallBody } from './small-body.js';

const FORM = { bytes: HOST_LIMITS.entryFormBytes, ms: HOST_LIMITS.entryFormMs };

/**
 * Lets an exchange go on only when its visitor was let in, and only for as long as the visitor may stay. Before
 * that there is nothing but the pages of the entrance, and the form that a visitor sends from there.
 */
export async function demandEntry(exchange: Exchange): Promise<void> {
  const { address, entrance, via, viewer } = exchange.context;
  if (entrance.isPaused) throw new Refusal(PAUSED, [], ASK_AGAIN_PART);
  if (via === 'ingress') {
    // The server reads what passes there. It must not have the passphrase, nor say who somebody is.
    if (!entrance.isOpen) throw new Refusal(INGRESS_REFUSED);
    return;
  }
  const userAgent = headerValue(exchange.asked.headers, 'user-agent') ?? '';
  const verdict = entrance.visit(viewer(), userAgent, address?.());
  if (isEntryForm(exchange) && verdict !== 'refused') {
    exchange.answer = await takePassphrase(exchange);
  } else if (verdict !== 'admitted') {
    throw refusalOf(verdict, exchange.asked.target);
  } else {
    exchange.atEnd(entrance.bind(viewer(), () => exchange.abort('VISITOR_REFUSED')));
  }
}

function isEntryForm(exchange: Exchange): exchange is HttpExchange {
  const { asked, context } = exchange;
  const isForm = exchange instanceof HttpExchange && asked.method === 'POST' && asked.port === 0;
  return isForm && context.entrance.asksPassphrase && reservedPath(asked.target) === ENTRY_TARGET;
}

/** Checks what was typed, and leads back to where the visitor wanted to go: to the app, or to the form again. */
async function takePassphrase(exchange: HttpExchange): Promise<Answer> {
  const { asked, context } = exchange;
  const { passphrase, to } = readEntryForm(await readSmallBody(exchange, FORM));
  await context.entrance.tryPassphrase(context.viewer(), passphrase);
  const headers = headersFromRaw(['location', to, 'cache-control', 'no-store']);
  return ownAnswer(asked, { status: 303, headers, body: '' });
}

function refusalOf(verdict: Exclude<EntryVerdict, 'admitted'>, target: string): Refusal {
  switch (verdict) {
    case 'untried':
      return passphraseRefusal(target);
    case 'wrong':
      return passphraseRefusal(target, 'That was not it. ');
    case 'limited':
      return passphraseRefusal(target, 'Too many were tried just now, so wait a minute. ');
    case 'waiting':
      return new Refusal(APPROVAL_NEEDED, [], ASK_AGAIN_PART);
    case 'lapsed':
      return new Refusal(APPROVAL_LAPSED);
    case 'refused':
      return new Refusal(VISITOR_REFUSED);
    case 'full':
      return new Refusal(TOO_MANY_WAITING);
  }
}

function passphraseRefusal(target: string, news = ''): Refusal {
  // RFC 9110 section 15.5.2 asks for a challenge; browsers show no dialog for a scheme that they don't know.
  const challenge = header('www-authenticate', 'Passphrase realm="wingman"');
  return new Refusal(passphraseNeeded(news), [challenge], passphrasePart(target));
}
