import { ask } from '@wingman/protocol/ports';
import { SERVICE_WORKER_LIMITS } from '../shared/limits.js';
import type { Introduction, PortWanted } from '../shared/service-worker-messages.js';
import type { ShellWorld } from './shell-directory.js';

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
      return client === undefined ? undefined : introductionOf(client, instance);
    },
  };
}

function introductionOf(client: Client, instance: string): Promise<Introduction | undefined> {
  const wanted = ask<Introduction>(
    (reply) =>
      client.postMessage({ kind: 'wingman-port-wanted', instance, reply } satisfies PortWanted, [
        reply,
      ]),
    { deadlineMs: SERVICE_WORKER_LIMITS.shellAnswerMs },
  );
  return wanted.catch(() => undefined);
}
