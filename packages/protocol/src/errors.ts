/** Every way in which something can fail. Programs decide by the code; messages are for people only. */
export type ErrorCode =
  | 'CANCELLED'
  | 'PROTOCOL_ERROR'
  | 'REFUSED'
  | 'UPSTREAM_ABORTED'
  | 'LIMIT_EXCEEDED'
  | 'TIMEOUT'
  | 'UPLOAD_TIMEOUT'
  | 'LINK_LOST'
  | 'LINK_CLOSED'
  | 'HANDSHAKE_FAILED'
  | 'CARRIER_CLOSED'
  | 'HOST_OFFLINE'
  | 'DIRECTORY_AWAY'
  | 'SESSION_UNKNOWN'
  | 'SESSION_ENDED'
  | 'TOO_MANY_VIEWERS'
  | 'INGRESS_REFUSED'
  | 'LOCAL_PORT_REFUSED'
  | 'PORT_NOT_ALLOWED'
  | 'BAD_REQUEST'
  | 'KEY_MISSING'
  | 'KEY_NEEDED'
  | 'KEY_UNSAFE'
  | 'TOKEN_NEEDED'
  | 'NAME_IN_USE'
  | 'DENIED'
  | 'PASSPHRASE_NEEDED'
  | 'APPROVAL_NEEDED'
  | 'VISITOR_REFUSED'
  | 'READ_ONLY'
  | 'PAUSED'
  | 'INTERNAL';

/** An error whose `code` says what happened. */
export class WingmanError extends Error {
  override readonly name = 'WingmanError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Returns the error itself when it is a WingmanError, else wraps it under `fallback`. */
export function toWingmanError(error: unknown, fallback: ErrorCode): WingmanError {
  if (error instanceof WingmanError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new WingmanError(fallback, message, { cause: error });
}

/** The codes that cross the wire in RESET and CLOSE frames; numbers are never reused. */
const WIRE_CODES = [
  [1, 'CANCELLED'],
  [2, 'PROTOCOL_ERROR'],
  [3, 'REFUSED'],
  [4, 'UPSTREAM_ABORTED'],
  [5, 'LIMIT_EXCEEDED'],
  [6, 'TIMEOUT'],
  [7, 'LINK_CLOSED'],
  [8, 'LINK_LOST'],
  [9, 'SESSION_ENDED'],
  [10, 'INTERNAL'],
  [11, 'TOO_MANY_VIEWERS'],
  [12, 'VISITOR_REFUSED'],
] as const satisfies readonly (readonly [number, ErrorCode])[];

// Marked pure, so that a bundle that reads no frames leaves them out.
const NUMBER_OF = /* @__PURE__ */ new Map<ErrorCode, number>(
  /* @__PURE__ */ WIRE_CODES.map(([number, code]) => [code, number]),
);
const CODE_OF = /* @__PURE__ */ new Map<number, ErrorCode>(
  /* @__PURE__ */ WIRE_CODES.map(([number, code]) => [number, code]),
);

/** The wire number of a code; a code without one travels as INTERNAL. */
export function errorToWire(code: ErrorCode): number {
  return NUMBER_OF.get(code) ?? 10;
}

/** The code of a wire number. An unknown number reads as INTERNAL, so that a newer peer may have new codes. */
export function errorFromWire(number: number): ErrorCode {
  return CODE_OF.get(number) ?? 'INTERNAL';
}

/** Close codes of the WebSockets between Wingman's own processes (RFC 6455 section 7.4.2, private range). */
export const CloseCode = {
  NORMAL: 1000,
  GOING_AWAY: 1001,
  PROTOCOL: 4000,
  HANDSHAKE_FAILED: 4001,
  SESSION_UNKNOWN: 4004,
  HOST_OFFLINE: 4005,
  SESSION_ENDED: 4006,
  DEAD_PEER: 4008,
  REPLACED: 4009,
  /** The tab is closed for good; only viewers send it. */
  LEAVING: 4010,
  TOO_MANY_VIEWERS: 4029,
} as const;
