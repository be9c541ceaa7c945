import { createIngressToken, INGRESS_TARGET } from '@wingman/protocol';
import { BROWSER_LIMITS } from '../shared/limits.js';

/** In the tab's storage: this tab has been let in. */
const MARK = 'wingman.ingress';

/**
 * Shows the host the link key, if there is one, and gets a cookie for what goes by plain HTTP. False when
 * the host wants the key and was not shown the right one. Any other failure shows itself in the app's frame.
 */
export async function enterIngress(session: string, key: Uint8Array | null): Promise<boolean> {
  const token = key === null ? '' : await createIngressToken(key, session);
  const headers: HeadersInit = key === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const signal = AbortSignal.timeout(BROWSER_LIMITS.connectMs);
    return (await fetch(INGRESS_TARGET, { method: 'POST', headers, signal })).status !== 401;
  } catch {
    return true;
  }
}

/** The same beside a tunnel, once in a tab: browsers show some requests, such as a synchronous XMLHttpRequest, to no service worker. */
export async function enterIngressOnce(session: string, key: Uint8Array): Promise<void> {
  if (sessionStorage.getItem(MARK) === session) return;
  if (await enterIngress(session, key)) sessionStorage.setItem(MARK, session);
}
