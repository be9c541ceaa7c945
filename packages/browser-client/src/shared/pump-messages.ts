/** Between the shell, which holds a data channel, and the tunnel worker, which uses it. */
export type PumpToWorker =
  | { kind: 'open' }
  | { kind: 'message'; bytes: ArrayBuffer }
  /** So many bytes have left for the channel, which has room again. */
  | { kind: 'sent'; bytes: number }
  | { kind: 'closed' };

export type PumpToShell = { kind: 'send'; bytes: Uint8Array } | { kind: 'close' };
