import { headersFromRaw, SPEED_LIMITS, type Clock, type SpeedAnswer } from '@wingman/protocol';
import { randomBytes } from 'node:crypto';
import type { Answer, Exchange } from './exchange.js';
import { HttpExchange } from './http-exchange.js';
import { ownAnswer } from './problems.js';

const PIECE_BYTES = 64 * 1024;
/** Whoever neither reads nor sends loses the place so long after the time is up. */
const PATIENCE_MS = 5_000;

/** What one request measures. */
interface Trial {
  readonly bytes: number;
  /** On the clock of the exchange. */
  readonly until: number;
}

/** Answers with noise, which nothing on the way can make smaller. */
export function sendNoise(exchange: Exchange): Answer {
  const trial = begin(exchange);
  if (trial === undefined) return refusal(exchange);
  const headers = headersFromRaw([
    ...['content-type', 'application/octet-stream', 'cache-control', 'no-store'],
  ]);
  const empty = ownAnswer(exchange.asked, { status: 200, headers: [], body: '' });
  if (exchange.asked.method === 'HEAD') return { ...empty, headers };
  return { ...empty, headers, body: noise(trial, exchange.context.clock) };
}

/** Takes what comes, and says how much that was. */
export async function countBytes(exchange: Exchange): Promise<Answer> {
  const trial = begin(exchange);
  if (trial === undefined) return refusal(exchange);
  const body = exchange instanceof HttpExchange ? exchange.body : undefined;
  const answer = await received(body ?? noBody(), trial, exchange.context.clock);
  const headers = headersFromRaw(['content-type', 'application/json', 'cache-control', 'no-store']);
  return ownAnswer(exchange.asked, { status: 200, headers, body: JSON.stringify(answer) });
}

/** Holds a request to what is allowed; undefined when that is used up. */
function begin(exchange: Exchange): Trial | undefined {
  const { clock, speed } = exchange.context;
  const asked = new URL(exchange.asked.target, 'http://session').searchParams;
  const bytes = atMost(SPEED_LIMITS.requestBytes, asked.get('bytes'));
  const ms = atMost(SPEED_LIMITS.requestMs, asked.get('ms'));
  const giveBack = speed.take(bytes);
  if (giveBack === undefined) return undefined;
  exchange.atEnd(giveBack);
  const late = clock.setTimeout(() => exchange.abort('TIMEOUT'), ms + PATIENCE_MS);
  exchange.atEnd(() => late.cancel());
  return { bytes, until: clock.now() + ms };
}

function atMost(most: number, text: string | null): number {
  const asked = text === null ? NaN : Number(text);
  return asked >= 0 ? Math.min(most, Math.ceil(asked)) : most;
}

function refusal({ asked, context: { speed } }: Exchange): Answer {
  const seconds = String(speed.waitSeconds);
  const headers = headersFromRaw(['content-type', 'text/plain', 'retry-after', seconds]);
  const body = `Enough was measured for this minute. Try again in ${seconds} s.\n`;
  return ownAnswer(asked, { status: 429, headers, body });
}

async function* noise({ bytes, until }: Trial, clock: Clock): AsyncGenerator<Uint8Array> {
  const piece = randomBytes(Math.min(bytes, PIECE_BYTES));
  for (let left = bytes; left > 0 && clock.now() < until; left -= piece.byteLength) {
    yield await Promise.resolve(piece.subarray(0, Math.min(left, piece.byteLength)));
  }
}

/** Reads until the bytes or the time are used up; the time is that to the last of them. */
async function received(
  body: AsyncIterable<Uint8Array>,
  trial: Trial,
  clock: Clock,
): Promise<SpeedAnswer> {
  const startedAt = clock.now();
  const pieces = body[Symbol.asyncIterator]();
  let [bytes, ms] = [0, 0];
  let timer = { cancel: (): void => undefined };
  const late = new Promise<undefined>((resolve) => {
    timer = clock.setTimeout(() => resolve(undefined), trial.until - startedAt);
  });
  while (bytes < trial.bytes) {
    const next = await Promise.race([pieces.next(), late]);
    if (next === undefined || next.done === true) break;
    bytes += next.value.byteLength;
    ms = clock.now() - startedAt;
  }
  timer.cancel();
  return { bytes, ms };
}

async function* noBody(): AsyncGenerator<Uint8Array> {}
