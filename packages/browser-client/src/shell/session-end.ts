import { APP_CACHE_PREFIX } from '@wingman/app-worker/shell';
import { CACHE_PREFIX, EndReason, type ProblemCode } from '@wingman/protocol';

/** What the page says, by what the server remembers of the reason. */
const CODES: Readonly<Record<EndReason, ProblemCode>> = {
  [EndReason.UNSPECIFIED]: 'SESSION_ENDED',
  [EndReason.STOPPED]: 'SESSION_STOPPED',
  [EndReason.EXPIRED]: 'SESSION_EXPIRED',
};

export function endCode(reason: EndReason): ProblemCode {
  return CODES[reason];
}

/**
 * Takes out of the browser what the tunnel has put there, and the app's service workers with what
 * they have cached; the app's other data stays the app's. `endApp` resolves when nobody writes there
 * any more: what came later would stay behind.
 */
export async function forgetTunnel(
  container: ServiceWorkerContainer | undefined,
  caches: CacheStorage | undefined,
  app: { endApp(): Promise<void> } | undefined,
): Promise<void> {
  const listNames = async (): Promise<string[]> => (await caches?.keys()) ?? [];
  const hasAppWorker = (await listNames()).some((name) => name.startsWith(APP_CACHE_PREFIX));
  await app?.endApp();
  const registrations = (await container?.getRegistrations()) ?? [];
  const doomed = (await listNames()).filter(
    (name) => hasAppWorker || name.startsWith(CACHE_PREFIX),
  );
  await Promise.allSettled([
    ...registrations.map((registration) => registration.unregister()),
    ...doomed.map((name) => caches?.delete(name)),
  ]);
}
