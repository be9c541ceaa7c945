import { headersFromRaw, headerValue, ownPageUnknown, PUSHES_TARGET } from '@wingman/protocol';
import type { Answer, Exchange } from '../exchange/exchange.js';
import { ownAnswer, Refusal } from '../exchange/problems.js';
import { HOST_LIMITS } from '../limits.js';
import { DocumentLinks } from './document-links.js';
import { importReader } from './imports.js';

const STREAM = headersFromRaw([
  'content-type',
  'application/octet-stream',
  'cache-control',
  'no-store',
]);

/** Answers with the push stream of the viewer's link. */
export function openPushes(exchange: Exchange): Answer {
  const { asked, context } = exchange;
  const { draining, pushes } = context;
  if (pushes === undefined) throw new Refusal(ownPageUnknown(PUSHES_TARGET));
  if (asked.method === 'HEAD') return ownAnswer(asked, { status: 200, headers: STREAM, body: '' });
  const stream = pushes.open(asked);
  const end = (): void => stream.end();
  draining.addEventListener('abort', end, { once: true });
  exchange.atEnd(() => draining.removeEventListener('abort', end));
  return {
    status: 200,
    statusText: '',
    headers: STREAM,
    body: stream.body(),
    trailers: () => [],
    isOurs: true,
  };
}

/** Counts what the viewer has dropped. */
export function countDropped({ asked, context: { pushes } }: Exchange): Answer {
  if (pushes === undefined) throw new Refusal(ownPageUnknown(PUSHES_TARGET));
  const answers = new URL(asked.target, 'http://session').searchParams.get('unclaimed') ?? '';
  if (/^\d{1,9}$/.test(answers)) pushes.dropped(Number(answers));
  return ownAnswer(asked, { status: 200, headers: [], body: '' });
}

/** Answers a request of the page with what has been, or is being, pushed for it: the app is asked once. */
export async function takePushed(exchange: Exchange): Promise<void> {
  const { asked, context, kind } = exchange;
  const { pushes } = context;
  if (pushes === undefined || kind !== 'http') return;
  if (asked.mode === 'navigate') pushes.navigated();
  if (asked.destination === 'serviceworker') pushes.workerAsked();
  const pushed = await pushes.take(asked);
  if (pushed === undefined) return;
  const { head, body } = pushed;
  const { status, statusText, headers } = head;
  exchange.answer = {
    status,
    statusText,
    headers,
    body: once(body),
    trailers: () => [],
    isOurs: true,
  };
}

/** Has the code of an answer read for what the page will ask next. */
export function lookAhead(exchange: Exchange): void {
  const { answer, asked, context } = exchange;
  const { pushes } = context;
  if (pushes?.isOpen !== true || asked.method !== 'GET' || asked.port !== 0) return;
  const { status, headers } = answer;
  if (status === 304) return void pushes.answered(asked, status, headers);
  if (isDocument(exchange)) {
    const links = new DocumentLinks((link) => pushes.linked(asked, link));
    exchange.answer = { ...answer, body: shown(answer.body, links) };
    return;
  }
  if (status !== 200 || importReader(asked.destination, headers) === undefined) return;
  const tell = (code: string): void => void pushes.answered(asked, status, headers, code);
  exchange.answer = { ...answer, body: read(answer.body, tell) };
}

/** The document of a page whose scripts and style sheets can be asked for as the page would: a policy may name no page. */
function isDocument({ answer: { headers, status }, asked }: Exchange): boolean {
  const type = headerValue(headers, 'content-type') ?? '';
  const isPage = asked.mode === 'navigate' && status === 200 && /^text\/html\b/i.test(type);
  return isPage && headerValue(headers, 'referrer-policy') === undefined;
}

/** The same body, which is read as it passes. */
async function* shown(
  body: AsyncIterable<Uint8Array>,
  links: DocumentLinks,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of body) {
    links.write(piece);
    yield piece;
  }
}

/** The same body, whose text is told when all of it has passed, unless it is very large. */
async function* read(
  body: AsyncIterable<Uint8Array>,
  tell: (text: string) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes <= HOST_LIMITS.pushScanBytes) pieces.push(piece);
    yield piece;
  }
  if (bytes <= HOST_LIMITS.pushScanBytes) tell(Buffer.concat(pieces).toString());
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield await Promise.resolve(body);
}
