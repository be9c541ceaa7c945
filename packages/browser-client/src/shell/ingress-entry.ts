import { createIngressToken, INGRESS_TARGET, type LinkKey } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

/**
 * Proves the link key, if there is one, to the host, and gets a cookie for plain HTTP. False when the host
 * wants the key and was not shown the right one. Any other failure shows itself in the app's frame. Only for
 * tabs without a tunnel: the server sees the proof, and could use it.
 */
export async function enterIngress(session: string, key: LinkKey | null): Promise<boolean> {
  const token = key === null ? '' : await createIngressToken(key, session);
  const headers: HeadersInit = key === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(BROWSER_LIMITS.connectMs);
    return (await fetch(INGRESS_TARGET, { method: 'POST', headers, signal })).status !== 401;
  } catch {
    return true;
  }
}
