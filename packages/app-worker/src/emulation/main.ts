import type { WorkerStart } from '../messages.js';
import { AppWorker } from './emulation.js';

/** The first message of the shell, and those when a restarted service worker wants another port. */
interface Connect {
  start: WorkerStart;
}

// Before a script of the app has run: it must not see these messages.
let worker: AppWorker | undefined;

addEventListener('message', (event: MessageEvent<Connect>) => {
  const [port] = event.ports;
  if (!event.isTrusted || port === undefined) return;
  event.stopImmediatePropagation();
  if (worker === undefined) worker = new AppWorker(event.data.start);
  worker.connect(port);
});

self.postMessage('ready');
