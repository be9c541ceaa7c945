declare global {
  /** What the test environment asks when a test has failed. */
  var wingmanTellers: Set<() => Promise<string>> | undefined;
}

/** Has a text added to the message of each test that fails; returns what ends that. */
export function tellOnFailure(tell: () => Promise<string> | string): () => void {
  const teller = async (): Promise<string> => tell();
  const tellers = (globalThis.wingmanTellers ??= new Set());
  tellers.add(teller);
  return () => void tellers.delete(teller);
}
