import { HANDOVER_CACHE } from '../caches.js';
import type { FetchAnswer } from '../messages.js';
import type { AnswerBodies } from './answer-bodies.js';

/** Makes the browser's Response of what the app's worker has answered; undefined for no answer. */
export async function receiveAnswer(
  answer: FetchAnswer,
  bodies: AnswerBodies,
): Promise<Response | undefined> {
  switch (answer.kind) {
    case 'unhandled':
      return undefined;
    case 'error':
      return Response.error();
    case 'stored':
      return fromCache(answer.key);
    case 'answer': {
      const { status, statusText, headers } = answer.head;
      const body = answer.body === null ? null : bodies.receive(answer.body);
      return new Response(body, { status, statusText, headers });
    }
  }
}

async function fromCache(key: string): Promise<Response> {
  const cache = await caches.open(HANDOVER_CACHE);
  const response = await cache.match(key);
  await cache.delete(key);
  return response ?? Response.error();
}
