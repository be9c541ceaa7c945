import type { Assets } from '../assets.js';
import type { BoundedMap } from '../bounded-map.js';
import type { Exchanges } from '../exchanges.js';
import type { keepBody } from '../request-body.js';
import type { Surroundings } from '../request-head.js';
import type { ShellDirectory } from '../shell-directory.js';
import { AppClients } from './app-clients.js';
import { AppScripts } from './app-scripts.js';
import { AppWorkers } from './app-workers.js';
import { scriptFetcher, type Exchanging } from './fetch-script.js';
import { savedRegistry } from './saved-registry.js';
import { ScriptStore } from './script-store.js';

/** What the part is given by the service worker that it belongs to. */
export interface PartTools {
  clients: Clients;
  /** Documents in frames of the app's own. */
  innerDocuments: BoundedMap<string, true>;
  directory: ShellDirectory;
  exchanges: Pick<Exchanges, 'sweep' | 'add'>;
  exchanging: Exchanging;
  /** What it has taken out, the service worker's own code has to find again. */
  keepBody: typeof keepBody;
  surroundings: Surroundings;
  assets: Pick<Assets, 'shim' | 'appWorker'>;
  caches: CacheStorage;
}

/** What only an app with a service worker of its own needs of the tunnel's. */
export interface AppWorkersPart {
  workers: AppWorkers;
  scripts: AppScripts;
}

export type MakePart = (tools: PartTools) => AppWorkersPart;

export const makePart: MakePart = (tools) => {
  const { clients, directory, exchanges, surroundings, caches, keepBody } = tools;
  const fetchScript = scriptFetcher(directory, surroundings, exchanges, tools.exchanging);
  const scripts = new AppScripts(new ScriptStore(caches), fetchScript, tools.assets);
  const workers = new AppWorkers({
    ...{ clients, directory, exchanges, scripts, keepBody, origin: surroundings.origin },
    appClients: new AppClients(clients, tools.innerDocuments),
    store: savedRegistry(caches),
  });
  return { scripts, workers };
};
