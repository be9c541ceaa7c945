import { WingmanError } from '../errors.js';
import type { DeepPartial, MessageFns } from '../gen/wingman/v1/exchange.js';

export type { DeepPartial };

/** A type of Protocol Buffers message, as the generator writes it. */
export type MessageCodec<T> = MessageFns<T>;

/** A message with these fields set, and the others at their defaults. */
export function create<T>(type: MessageCodec<T>, init: DeepPartial<NoInfer<T>>): T {
  return type.create(init);
}

/** Serializes a Protocol Buffers message. */
export function encodeMessage<T>(type: MessageCodec<T>, init: DeepPartial<NoInfer<T>>): Uint8Array {
  return type.encode(type.create(init)).finish();
}

/** Parses a Protocol Buffers message; PROTOCOL_ERROR when the bytes are not one. */
export function decodeMessage<T>(type: MessageCodec<T>, bytes: Uint8Array): T {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw new WingmanError('PROTOCOL_ERROR', 'not the Protocol Buffers message expected', {
      cause,
    });
  }
}
