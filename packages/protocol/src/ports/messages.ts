import type { ErrorCode } from '../errors.js';

/** Body messages; they go in both directions of an exchange's own port. */
export type BodyMessage =
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'end' }
  /** So many bytes have been taken by the reader. */
  | { kind: 'credit'; bytes: number }
  /** The exchange is over, and not by its end. */
  | { kind: 'abort'; code: ErrorCode; message: string };
