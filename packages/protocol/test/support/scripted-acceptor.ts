import type { ErrorCode } from '../../src/errors.js';
import { tag, type MessageTypeCode } from '../../src/exchange/message-type.js';
import type { MuxStream } from '../../src/mux/mux-stream.js';
import { Mux } from '../../src/mux/mux.js';
import { concatBytes } from '../../src/wire/bytes.js';
import { settle } from './fake-clock.js';
import { linkedPair } from './linked-pair.js';

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const message = (type: MessageTypeCode, bytes: Uint8Array = new Uint8Array()): Uint8Array =>
  concatBytes([tag(type), bytes]);

export const GARBAGE = Uint8Array.of(0xff, 0xff);

/** An opener's mux, and an acceptor that says these messages, then ends or resets. */
export function acceptorThatSays(messages: readonly Uint8Array[], reset?: ErrorCode) {
  const { initiator, acceptor } = linkedPair();
  const streams: MuxStream[] = [];
  new Mux(acceptor, {
    onStream: (stream) => {
      streams.push(stream);
      for (const bytes of messages) stream.write([bytes]).catch(() => undefined);
      if (reset === undefined) stream.end();
      // What was written has to go out first.
      else void settle().then(() => stream.reset(reset));
    },
  });
  return { mux: new Mux(initiator), streams };
}
