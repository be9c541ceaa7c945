/** First byte of every message of an exchange, and of the payload that opens one. */
export const MessageType = {
  REQUEST: 0x00,
  RESPONSE: 0x01,
  BODY: 0x02,
  TRAILERS: 0x03,
  WEBSOCKET_OPEN: 0x10,
  WEBSOCKET_ACCEPT: 0x11,
  /** A part of a binary message. More parts follow. */
  WEBSOCKET_BINARY_FRAGMENT: 0x12,
  /** The last part of a text message, mostly the only one. */
  WEBSOCKET_TEXT: 0x13,
  WEBSOCKET_BINARY: 0x14,
  WEBSOCKET_CLOSE: 0x15,
  /** A part of a text message. More parts follow. Code that passes parts on has to know the type from the first. */
  WEBSOCKET_TEXT_FRAGMENT: 0x16,
  LANE_OFFER: 0x20,
  LANE_ANSWER: 0x21,
  LANE_CANDIDATE: 0x22,
} as const;

export type MessageTypeCode = (typeof MessageType)[keyof typeof MessageType];

const TAGS = Object.values(MessageType).map((type) => Uint8Array.of(type));
const TAG_OF = new Map<number, Uint8Array>(TAGS.map((tag) => [tag[0] ?? 0, tag]));

/** The one-byte array of a type. The array is shared and must not be changed. */
export function tag(type: MessageTypeCode): Uint8Array {
  return TAG_OF.get(type) ?? Uint8Array.of(type);
}
