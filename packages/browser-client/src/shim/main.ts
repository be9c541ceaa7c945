import {
  hostServiceWorkers,
  nativeServiceWorkers,
  showServiceWorkers,
} from '@wingman/app-worker/page';
import { inSession, ownAddressOnly, readPageOrigins } from '../shared/loopback.js';
import { TAB_NAME, type DocumentToServiceWorker } from '../shared/service-worker-messages.js';
import { SHELL_API, type ShellApi } from '../shared/shell-api.js';
import { borrowRequests } from './borrowed-requests.js';
import { adoptFrames } from './child-frames.js';
import { reportDocument } from './document-report.js';
import { findShell, rememberShell, type ShellWindow } from './find-shell.js';
import { tellGivenUp } from './give-up.js';
import { hideInTimings, hideKeyDatabase } from './hide-ours.js';
import { keepOwnAddress } from './own-address.js';
import { openForeignOnTop, saveThroughTunnel } from './navigations.js';
import { tunnelPageSockets } from './page-sockets.js';
import { openPictureInPicture } from './picture-in-picture.js';
import { repeatLoads } from './repeat-loads.js';
import { replaceWorkers } from './replace-workers.js';
import { focusFirst, printByKey, takeUp } from './top-level.js';
import { actAsTop, showTabsAsSources } from './top-window.js';
import { watchCookies } from './watch-cookies.js';
import { tunnelWorkerSockets } from './worker-sockets.js';

/** The function that scripts/bundle.mjs puts around this bundle. */
declare const wingman: () => void;

const MARK = Symbol.for('wingman.shim');

/** What a window that has the shim keeps about it. */
interface Marked {
  [MARK]?: {
    /** Closes the window's sockets. */
    leave: () => void;
    /** Looks after another document in the window. */
    renew: () => void;
    /** Its document was made by a script, and no service worker sees its requests. */
    isMade: boolean;
  };
}

/** The shim's own element; a worker has none. */
const element =
  typeof document === 'undefined' ? null : (document.currentScript as HTMLScriptElement | null);

/** Whether the page's headers ask for isolation. Scripts can't see headers, so the host says it in an attribute. */
const wantsIsolation = element?.dataset['isolated'] !== undefined;

/** The app's own port on the developer's machine, which the host says in an attribute too. */
const namedPort = element?.dataset['port'];

/** Where other ports have their pages. */
const pageOrigins = readPageOrigins(element?.dataset['pages']);

const text = `(${String(wingman)})()`;
const serviceWorkers = nativeServiceWorkers(navigator);

if (typeof document === 'undefined') {
  liveInWorker(self);
} else {
  const shell = findShell(window);
  // The app finds its own scripts only. A document keeps what has run.
  element?.remove();
  if (shell !== undefined) live(shell, shell[SHELL_API]);
}

function live(tab: ShellWindow, shell: ShellApi): void {
  const isMain = window.parent === tab;
  if (isMain && wantsIsolation && !crossOriginIsolated && shell.isolate(true)) return window.stop();
  tell({ kind: 'document', tab: shell.tab, isInner: !isMain });
  showTabsAsSources(window, tab, shell);
  if (namedPort !== undefined) Object.assign(shell, { appPort: Number(namedPort), pageOrigins });
  if (shell.tunnels) {
    const container = hostServiceWorkers(window, serviceWorkers);
    const adopt = (realm: Window & typeof globalThis): void => {
      tunnelRealm(realm, shell);
      showServiceWorkers(realm, container);
      if (shell.appPort !== undefined) keepOwnAddress(realm, shell, realm === window && isMain);
    };
    adopt(window);
    hideInTimings(window, element?.src);
    adoptFrames(window, adopt);
    if (isMain) openPictureInPicture(window, tab, shell, adopt);
  } else {
    // Nobody is told here, but the names of what scripts write are noted for the host.
    watchCookies(window, () => undefined);
  }
  if (!isMain) return;
  rememberShell(window, tab);
  actAsTop(window, tab, shell);
  const past = shell.pastOf(location.href);
  if (past !== undefined) takeUp(window, past);
  if (shell.tunnels) saveThroughTunnel(window, (url, name) => shell.download(url, name));
  printByKey(window);
  focusFirst(document);
  reportDocument(window, (report) => shell.report(report));
  openForeignOnTop(window, tab);
}

/** A window may come here twice: browsers keep the window of a frame's first, empty document for the next one. */
function tunnelRealm(page: Window & typeof globalThis & Marked, shell: ShellApi): void {
  const before = page[MARK];
  if (before !== undefined) {
    // Only a document from the server brings the shim along.
    if (page === window) before.isMade = false;
    before.renew();
    return page.addEventListener('pagehide', before.leave);
  }
  const nothing = (): void => undefined;
  const mark = { leave: nothing, renew: nothing, isMade: page !== window };
  if (mark.isMade) {
    borrowRequests(page, window, () => mark.isMade);
    mark.renew = repeatLoads(page, window);
  }
  tellGivenUp(page, () => page.document.baseURI);
  watchCookies(page, (cookies) => shell.cookiesChanged(cookies));
  hideKeyDatabase(page);
  replaceWorkers({
    realm: page,
    baseUrl: () => page.document.baseURI,
    inSession: (url) => {
      const here = { origin: location.origin, base: page.document.baseURI };
      return inSession(url, here, ownAddressOnly(shell));
    },
    shim: text,
    tab: shell.tab,
    announce: (url, isModule) => tell({ kind: 'worker', url, isModule }),
  });
  const leave = tunnelPageSockets(page, shell);
  Object.defineProperty(page, MARK, { value: Object.assign(mark, { leave }) });
}

function liveInWorker(scope: typeof globalThis & { [TAB_NAME]?: string | null }): void {
  const tab = scope[TAB_NAME] ?? null;
  Reflect.deleteProperty(scope, TAB_NAME);
  tunnelWorkerSockets(scope, tab);
  const baseUrl = (): string => scope.location.href;
  tellGivenUp(scope, baseUrl);
  hideKeyDatabase(scope);
  // A worker can't announce anything to the service worker, which takes the workers of workers for classic scripts.
  const none = (): undefined => undefined;
  replaceWorkers({ realm: scope, baseUrl, inSession: none, shim: text, tab, announce: none });
}

function tell(message: DocumentToServiceWorker): void {
  serviceWorkers?.controller?.postMessage(message);
}
