import { deferred } from '@wingman/protocol';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import { within } from '@wingman/protocol';
import type { PortWanted, ShellToServiceWorker } from '../shared/service-worker-messages.js';
import type { ShellEntry, ShellWorld } from './shell-directory.js';

/** The pages of this origin, as the browser lists them. */
export function browserWorld(clients: Clients, instance: string): ShellWorld {
  return {
    now: () => performance.now(),
    pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    exists: async (clientId) => (await clients.get(clientId)) !== undefined,
    async listShells() {
      const windows = await clients.matchAll({ type: 'window', includeUncontrolled: true });
      // A tab with an opener is "auxiliary".
      return windows.filter(({ frameType }) => frameType !== 'nested').map(({ id }) => id);
    },
    async ask(clientId) {
      const client = await clients.get(clientId);
      return client === undefined ? undefined : ask(client, instance);
    },
  };
}

async function ask(client: Client, instance: string): Promise<ShellEntry | undefined> {
  const { port1, port2 } = new MessageChannel();
  const answer = deferred<ShellToServiceWorker>();
  port1.onmessage = (event: MessageEvent<ShellToServiceWorker>) => answer.resolve(event.data);
  client.postMessage({ kind: 'wingman-port-wanted', instance } satisfies PortWanted, [port2]);
  const message = await within(answer.promise, SERVICE_WORKER_LIMITS.shellAnswerMs);
  port1.close();
  if (message?.kind !== 'shell') return undefined;
  const { tab, port, isIsolated } = message;
  return { tab, clientId: client.id, port, isIsolated };
}
