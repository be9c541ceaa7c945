import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { WingmanError } from '../errors.js';

/** Serializes a Protocol Buffers message. */
export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** Parses a Protocol Buffers message; PROTOCOL_ERROR when the bytes are not one. */
export function decodeMessage<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new WingmanError('PROTOCOL_ERROR', `not a ${schema.name}`, { cause });
  }
}
