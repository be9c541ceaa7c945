import { systemClock, type Clock } from '../clock.js';
import { toWingmanError, WingmanError, type ErrorCode } from '../errors.js';
import { deferred } from '../exchange/deferred.js';

/** Where one question is answered; the type of the answer goes with it. */
export interface ReplyPort<Answer> extends MessagePort {
  /** For the compiler alone: no port has such a field. */
  readonly answers?: Answer;
}

type Reply<Answer> =
  { kind: 'answer'; value: Answer } | { kind: 'refusal'; code: ErrorCode; message: string };

/**
 * Asks whoever `post` hands the reply port to: a worker, a service worker, one of its clients. Resolves with the
 * answer. Rejects with what the other side has failed with, or with TIMEOUT: nobody tells of an end that is gone.
 */
export async function ask<Answer>(
  post: (reply: ReplyPort<Answer>) => void,
  { deadlineMs, clock = systemClock }: { deadlineMs: number; clock?: Clock },
): Promise<Answer> {
  const { port1, port2 } = new MessageChannel();
  const reply = deferred<Reply<Answer>>();
  port1.onmessage = ({ data }: MessageEvent<Reply<Answer>>) => reply.resolve(data);
  const timer = clock.setTimeout(
    () => reply.reject(new WingmanError('TIMEOUT', 'no answer came in time')),
    deadlineMs,
  );
  try {
    post(port2);
    const answered = await reply.promise;
    if (answered.kind === 'answer') return answered.value;
    throw new WingmanError(answered.code, answered.message);
  } finally {
    timer.cancel();
    port1.close();
  }
}

/** Answers a question; `transfer` is what the answer gives away. */
export function answer<Answer>(
  reply: ReplyPort<Answer>,
  value: Answer,
  transfer: Transferable[] = [],
): void {
  reply.postMessage({ kind: 'answer', value } satisfies Reply<Answer>, transfer);
}

/** Answers a question with the outcome of some work, be it a failure. */
export async function serve<Answer>(
  reply: ReplyPort<Answer>,
  work: () => Answer | Promise<Answer>,
): Promise<void> {
  try {
    answer(reply, await work());
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    reply.postMessage({ kind: 'refusal', code, message } satisfies Reply<Answer>);
  }
}
