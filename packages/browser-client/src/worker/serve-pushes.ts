import {
  decodeMessage,
  gunzippedWhole,
  PUSH_LIMITS,
  PushedAnswer,
  RecordReader,
  toWingmanError,
  TransferCoding,
  WingmanError,
} from '@wingman/protocol';
import { SendWindow } from '@wingman/protocol/ports';
import type { FetchHead, PushedReply, ServedStream } from '../shared/exchange-messages.js';
import { toReplyHead } from './messages.js';
import type { SendRequest } from './serve-fetch.js';

/** Hands what the host pushes to a service worker, no further ahead of the page than the window, until `abort`. Never rejects. */
export async function servePushes(
  stream: ServedStream,
  head: FetchHead,
  send: SendRequest,
  abort: AbortController,
): Promise<void> {
  const window = new SendWindow(PUSH_LIMITS.unclaimedBytes);
  abort.signal.addEventListener('abort', () => window.open(), { once: true });
  stream.onmessage = ({ data }) => {
    if (data.kind === 'credit') return window.grant(data.bytes);
    if (data.kind !== 'abort') return;
    abort.abort(new WingmanError(data.code, data.message));
  };
  try {
    const response = await send(head, { signal: abort.signal });
    if (response.head.status !== 200) throw new WingmanError('REFUSED', 'the host pushes nothing');
    const reader = new RecordReader(PUSH_LIMITS.recordBytes);
    for await (const chunk of response.body) {
      const answers = await Promise.all(reader.push(chunk).map(toPushed));
      if (answers.length === 0) continue;
      await window.room();
      abort.signal.throwIfAborted();
      window.spend(answers.reduce((sum, { body }) => sum + body.byteLength, 0));
      stream.postMessage(
        { kind: 'pushed', answers },
        answers.map(({ body }) => body.buffer),
      );
    }
    stream.postMessage({ kind: 'end' });
  } catch (error) {
    const { code, message } = toWingmanError(error, 'INTERNAL');
    stream.postMessage({ kind: 'abort', code, message });
  } finally {
    stream.close();
  }
}

async function toPushed(record: Uint8Array): Promise<PushedReply> {
  const { target, destination, head, body, etag } = decodeMessage(PushedAnswer, record);
  if (head === undefined) throw new WingmanError('PROTOCOL_ERROR', 'a pushed answer has no head');
  // The cast holds: a record lies in a buffer of its own, and the body in that.
  const own = body as Uint8Array<ArrayBuffer>;
  const isCoded = head.transferCoding === TransferCoding.GZIP;
  const plain = isCoded ? await gunzippedWhole(own, PUSH_LIMITS.bodyBytes) : own;
  return { target, destination, head: toReplyHead(head), body: plain, etag };
}
