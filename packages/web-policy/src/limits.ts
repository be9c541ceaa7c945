const KIB = 1024;

/** Caps of this package, each with its reason. */
export const WEB_POLICY_LIMITS = {
  /** Bytes of a document kept back while the place for the shim isn't known; then it goes on without the shim. */
  htmlHoldBytes: 256 * KIB,
} as const;
