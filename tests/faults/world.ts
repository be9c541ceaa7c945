import type { Lab } from '../lab/network.js';
import type { AppReport, PageReport } from './app/protocol.js';
import type { Host, LocalApp, TunnelServer } from './parts.js';
import type { ServerNodes } from './server-nodes.js';
import type { Viewer } from './viewer.js';

/** What page and app had seen at one moment. */
export interface Snapshot {
  page: PageReport;
  app: AppReport;
}

/** All that a fault may touch. */
export interface World {
  lab: Lab;
  app: LocalApp;
  server: Pick<TunnelServer, 'kill' | 'start'>;
  /** The same server, where it is several nodes. */
  nodes: ServerNodes | undefined;
  host: Host;
  viewer: Viewer;
  sleep: (milliseconds: number) => Promise<void>;
  /** The last that page and app have said. */
  latest?: Snapshot;
}
