import { ISOLATED_MARK, isMarked } from '../shared/shell-api.js';
import type { AppFrame } from './app-frame.js';
import type { ServiceWorkerHost } from './service-worker-host.js';

/**
 * Loads this tab again, cross-origin isolated or not, as the app's page wants it. False when nothing
 * would be gained: a browser that got the headers and didn't isolate will not do so the next time.
 */
export function isolate(
  isOn: boolean,
  frame: AppFrame,
  serviceWorker: ServiceWorkerHost | undefined,
): boolean {
  const { url } = frame;
  if (serviceWorker === undefined || url === undefined) return false;
  if (isMarked(document, ISOLATED_MARK) === isOn) return false;
  void serviceWorker.isolate(isOn).then((isDone) => {
    if (!isDone) return;
    // The page that asked for it may not have said where it is; a form isn't posted again by this.
    history.replaceState(history.state, '', url);
    location.reload();
  });
  return true;
}
