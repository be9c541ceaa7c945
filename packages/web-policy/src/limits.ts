const KIB = 1024;

/** Caps of this package, each with its reason. */
export const WEB_POLICY_LIMITS = {
  /** Bytes of a document that are held while the place for the shim isn't known. A longer search is given up, and the document goes on without the shim. */
  htmlHoldBytes: 256 * KIB,
} as const;
