import { headerValue, type Header } from '@wingman/protocol';

export const EMBEDDER_POLICY = 'cross-origin-embedder-policy';

/** The headers that make a top-level page and its frames cross-origin isolated (HTML sections 7.1.3 and 7.1.4). */
export const ISOLATING: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  [EMBEDDER_POLICY]: 'require-corp',
};

/** One token with any parameters (RFC 9651 section 3.3). A comma or a second field line makes a list, and browsers ignore a list. */
const ALONE = /^same-origin(;[^,]*)?$/;
const RESTRICTS = /^(require-corp|credentialless)(;[^,]*)?$/;

/** Whether a top-level page with these headers is cross-origin isolated (HTML sections 7.1.3 and 7.1.4). */
export function asksForIsolation(headers: readonly Header[]): boolean {
  const isAlone = ALONE.test(headerValue(headers, 'cross-origin-opener-policy') ?? '');
  return isAlone && restrictsEmbedding(headerValue(headers, EMBEDDER_POLICY) ?? '');
}

/**
 * Whether a Cross-Origin-Embedder-Policy is "compatible with cross-origin isolation" (HTML section 7.1.4). An
 * isolated page shows only frames that have such a policy.
 */
export function restrictsEmbedding(policy: string): boolean {
  return RESTRICTS.test(policy);
}

/** Whether a Cross-Origin-Resource-Policy keeps a response from pages of other origins (Fetch, "cross-origin resource policy check"). */
export function forbidsEmbedding(policy: string | null, isSameSite: boolean): boolean {
  return policy === 'same-origin' || (policy === 'same-site' && !isSameSite);
}
