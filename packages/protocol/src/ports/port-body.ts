import { WingmanError } from '../errors.js';
import { byteStream, ChunkReceiver, ChunkSender, type BodyMessage } from './chunks.js';

/** Sends a stream over a new port, with byte credit; returns the other end. Undefined stays so. */
export function sendStream(stream: ReadableStream<Uint8Array> | null): MessagePort | null {
  if (stream === null) return null;
  const { port1, port2 } = new MessageChannel();
  const sender = new ChunkSender(port1);
  const reader = stream.getReader();
  const close = (): void => {
    port1.onmessage = null;
    port1.close();
  };
  port1.onmessage = ({ data }: MessageEvent<BodyMessage>) => {
    if (data.kind === 'credit') sender.grant(data.bytes);
    if (data.kind !== 'abort') return;
    sender.stop(new WingmanError('CANCELLED', data.message));
    // A quiet stream would not notice.
    reader.cancel().catch(() => undefined);
  };
  sender.sendAll(chunksOf(reader)).then(
    // The other side closes: closing here could overtake the last message.
    () => undefined,
    () => {
      const failed = { kind: 'abort', code: 'CANCELLED', message: 'the body broke off' } as const;
      port1.postMessage(failed satisfies BodyMessage);
      close();
    },
  );
  return port2;
}

/** The stream that `sendStream` sends at the other end of this port. */
export function receiveStream(port: MessagePort): ReadableStream<Uint8Array> {
  const close = (): void => {
    port.onmessage = null;
    port.close();
  };
  const body = new ChunkReceiver(port, () => {
    const left = { kind: 'abort', code: 'CANCELLED', message: 'not wanted' } as const;
    port.postMessage(left satisfies BodyMessage);
    close();
  });
  port.onmessage = ({ data }: MessageEvent<BodyMessage>) => {
    if (data.kind === 'chunk') return body.push(data.bytes);
    if (data.kind === 'end') body.end();
    if (data.kind === 'abort') body.fail(new WingmanError(data.code, data.message));
    if (data.kind !== 'credit') close();
  };
  return byteStream(body);
}

/** Copies: the bytes are given away, and a stream that was cloned may share them. */
async function* chunksOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    yield next.value.slice();
  }
}
