import {
  fieldsOf,
  headersFromRaw,
  malformedRequest,
  ownPageUnknown,
  readPlace,
  TOGETHER_PARTS,
  TOGETHER_TARGET,
  type TogetherEvent,
  type TogetherMove,
} from '@wingman/protocol';
import type { Answer, Exchange } from '../exchange/exchange.js';
import { HttpExchange } from '../exchange/http-exchange.js';
import { ownAnswer, Refusal } from '../exchange/problems.js';
import { readSmallBody } from '../exchange/small-body.js';
import { HOST_LIMITS } from '../limits.js';
import type { Member } from './member.js';
import type { Room, Verdict } from './room.js';

const STREAM = headersFromRaw(['content-type', 'text/event-stream', 'cache-control', 'no-store']);
const STATUS: Readonly<Record<Verdict, number>> = {
  told: 200,
  'not-leading': 403,
  'too-often': 429,
};

/** Answers GET: the tab takes part for as long as it reads the events. */
export function takePart(exchange: Exchange): Answer {
  const room = roomOf(exchange);
  const { asked, context } = exchange;
  const query = new URL(asked.target, 'http://session').searchParams.get('as');
  const part = TOGETHER_PARTS.find((name) => name === query);
  if (part === undefined) throw new Refusal(malformedRequest('nobody takes part like that'));
  if (asked.method === 'HEAD') return ownAnswer(asked, { status: 200, headers: STREAM, body: '' });
  const member = room.join(part, context.opener);
  if (member === undefined) return ownAnswer(asked, { status: 409, headers: [], body: '' });
  const leave = (): void => room.leave(member);
  const ends = [exchange.signal, context.draining];
  for (const signal of ends) signal.addEventListener('abort', leave, { once: true });
  exchange.atEnd(() => {
    for (const signal of ends) signal.removeEventListener('abort', leave);
    leave();
  });
  const body = eventStream(member);
  return { status: 200, statusText: '', headers: STREAM, body, trailers: () => [], isOurs: true };
}

/** Answers POST: the tab that leads says where it is. */
export async function takePlace(exchange: Exchange): Promise<Answer> {
  const room = roomOf(exchange);
  if (!(exchange instanceof HttpExchange)) throw new Refusal(malformedRequest('no request'));
  const limits = { bytes: HOST_LIMITS.togetherMoveBytes, ms: HOST_LIMITS.togetherMoveMs };
  const move = readMove(await readSmallBody(exchange, limits));
  if (move === undefined) throw new Refusal(malformedRequest('that is no place in this session'));
  return ownAnswer(exchange.asked, { status: STATUS[room.move(move)], headers: [], body: '' });
}

/** Refuses, as a page that isn't there, what the developer has turned off. */
function roomOf({ context }: Exchange): Room {
  if (context.room !== undefined) return context.room;
  throw new Refusal(ownPageUnknown(TOGETHER_TARGET));
}

function readMove(text: string): TogetherMove | undefined {
  try {
    const { token, place: sent } = fieldsOf(JSON.parse(text));
    const place = readPlace(sent);
    return typeof token === 'string' && place !== undefined ? { token, place } : undefined;
  } catch {
    return undefined;
  }
}

/** Events as HTML section 9.2 has them. */
async function* eventStream(member: Member): AsyncGenerator<Uint8Array> {
  for await (const event of member.events()) yield encode(event);
}

function encode(event: TogetherEvent): Uint8Array {
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
}
