import type { DocumentToServiceWorker } from '../shared/service-worker-messages.js';
import { SHELL_API, type ShellApi } from '../shared/shell-api.js';
import { reportDocument } from './document-report.js';
import { openForeignOnTop } from './foreign-links.js';
import { refuseServiceWorkers } from './own-service-worker.js';
import { tunnelPageSockets } from './page-sockets.js';
import { watchCookies } from './watch-cookies.js';

const shell = findShell();
if (shell !== undefined && window !== window.top) live(shell);

/** The shell around this document; undefined when the top page is anything else. */
function findShell(): ShellApi | undefined {
  try {
    return (window.top as unknown as { [SHELL_API]?: ShellApi } | null)?.[SHELL_API];
  } catch {
    return undefined;
  }
}

function live(shell: ShellApi): void {
  const message: DocumentToServiceWorker = { kind: 'document', tab: shell.tab };
  navigator.serviceWorker?.controller?.postMessage(message);
  if (shell.tunnels) {
    watchCookies(window, (cookies) => shell.cookiesChanged(cookies));
    tunnelPageSockets(window, shell);
    refuseServiceWorkers(navigator.serviceWorker);
  }
  if (window.parent !== window.top) return;
  reportDocument((report) => shell.report(report));
  openForeignOnTop();
}
