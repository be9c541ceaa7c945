import { AppClients } from './app-clients.js';
import { AppScripts } from './app-scripts.js';
import { AppWorkers } from './app-workers.js';
import { scriptFetcher } from './fetch-script.js';
import { savedRegistry } from './saved-registry.js';
import { ScriptStore } from './script-store.js';
import type { Viewer } from './viewer.js';

/** What only an app with a service worker of its own needs of the tunnel's. */
export interface AppWorkersPart {
  workers: AppWorkers;
  scripts: AppScripts;
}

export type MakePart = (viewer: Viewer) => AppWorkersPart;

export const makePart: MakePart = (viewer) => {
  const { caches, clients, innerDocuments, ownRequest } = viewer;
  const scripts = new AppScripts(new ScriptStore(caches), scriptFetcher(ownRequest), viewer);
  const workers = new AppWorkers({
    ...{ viewer, scripts },
    appClients: new AppClients(clients, innerDocuments),
    store: savedRegistry(caches),
  });
  return { scripts, workers };
};
